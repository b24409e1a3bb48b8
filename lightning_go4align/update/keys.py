"""Names under which the callback logs, apart from those that the module logs itself."""

from collections.abc import Container

from lightning_utilities.core.rank_zero import rank_zero_warn

PREFIX = "go4align/"


class Keys:
    """Give way where the module logs under a name of ours: no logger may take one value for the other.

    Example:
        >>> Keys().apart({"loss/depth": 1.0, "weight/depth": 2.0}, taken=[])
        {'loss/depth': 1.0, 'weight/depth': 2.0}
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def apart(self, row: dict[str, float], taken: Container[str]) -> dict[str, float]:
        """Put ``go4align/`` before the names that are taken, from the first time on that they are.

        Args:
            row: Numbers by their names.
            taken: Names under which the module logs.

        Returns:
            The same numbers.
        """
        news = [name for name in row if name in taken and name not in self._taken]
        if news:
            self._taken |= set(news)
            rank_zero_warn(
                f"The module logs {news} itself: `MultiTaskCallback` logs its own values under "
                f"{[PREFIX + name for name in news]} from now on."
            )
        return {f"{PREFIX}{name}" if name in self._taken else name: value for name, value in row.items()}
