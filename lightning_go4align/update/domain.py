"""What is said of a loss that lies outside the domain of a method."""

from collections.abc import Sequence
from operator import sub

from torch import nn

from lightning_go4align.methods.domain import declared_bounds, why_not_zero, why_positive


class Domain:
    """Which losses a method can take, and what is said of those that it cannot.

    Args:
        method: A scalarizer or an aggregator.

    Attributes:
        why_positive: As ``why_positive``.
        why_not_zero: As ``why_not_zero``.
        bounds: As ``declared_bounds``.

    Example:
        >>> from lightning_go4align.methods import SI
        >>> print(Domain(SI()).outside(["depth", "normal"], [1.0, -2.0]))
        The loss of task 'normal' was -2. SI needs positive losses, as it takes their logarithm: ...
    """

    def __init__(self, method: nn.Module) -> None:
        self.why_positive, self.why_not_zero = why_positive(method), why_not_zero(method)
        self.bounds = declared_bounds(method)

    def below_bound(self, task: str, loss: float, index: int) -> str:
        """Say that a loss lies below its declared bound.

        Args:
            task: The task.
            loss: Its loss.
            index: Its number.

        Returns:
            Two sentences; none if it does not, or no bounds are declared.
        """
        if self.bounds is None or not loss < self.bounds[index]:
            return ""
        return (
            f"The loss of task '{task}' fell to {loss:.5g}, which lies below its declared bound, "
            f"{self.bounds[index]:.5g}: to the method it is negative, which its equations do not allow. Declare a "
            "bound that it never reaches, or take `RobustGO4Align`, which needs none."
        )

    def outside(self, tasks: Sequence[str], losses: Sequence[float]) -> str:
        """Say what the first loss outside the domain is, why it is, and what helps.

        Args:
            tasks: Names of the tasks.
            losses: Their losses.

        Returns:
            Some sentences; none if all lie within.
        """
        for index, (task, loss) in enumerate(zip(tasks, losses, strict=True)):
            if below := self.below_bound(task, loss, index):
                return below
            if self.why_positive is not None and loss < 0:
                return f"The loss of task '{task}' was {loss:.5g}. {self.why_positive}"
        return ""

    def cause(self, tasks: Sequence[str], losses: Sequence[float]) -> str:
        """Say what may have brought weights about that are not finite, and what helps.

        Args:
            tasks: Names of the tasks.
            losses: The smallest loss of each so far.

        Returns:
            Some sentences.
        """
        if outside := self.outside(tasks, losses):
            return outside
        bounds = self.bounds or [0.0] * len(tasks)
        # FAMO sees losses again after the step, GLS has no finite weight at 0: the nearest is the one to look at.
        _, task, loss = min(zip(map(sub, losses, bounds), tasks, losses, strict=True))
        near = f" The loss of '{task}', {loss:.5g} at its lowest, came nearest to its bound." if self.bounds else ""
        if self.why_positive is not None:
            near = f" The lowest so far was that of '{task}', {loss:.5g}. {self.why_positive}"
        return (
            "Most methods want losses that are positive and far from overflow: add a constant or change their unit, "
            f"or take a method that allows for it, such as `RobustGO4Align`.{near}"
        )
