"""What wrappers around a scalarizer have in common."""

from torch import Tensor
from torchjd import Stateful
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.methods.kinds import check_scalarizer
from lightning_go4align.methods.missing import supports_missing
from lightning_go4align.methods.stateful import reset_parts


class AroundScalarizer(Scalarizer, Stateful):
    """Stand around a scalarizer, and tell of the tasks what it tells.

    Args:
        method: The scalarizer.

    Raises:
        TypeError: If it is none.
    """

    for_aggregators: str

    def __init__(self, method: Scalarizer) -> None:
        super().__init__()
        check_scalarizer(method, self.for_aggregators)
        self.method = method

    @property
    def supports_missing(self) -> bool:
        """Whether the method takes NaN for an absent task."""
        return supports_missing(self.method)

    @property
    def grouping(self) -> Grouping | None:
        """The last groups; None if the method does not group."""
        return getattr(self.method, "grouping", None)

    @property
    def indicators(self) -> Tensor | None:
        """The last group indicators, shape ``[M]``; None if the method does not group."""
        return getattr(self.method, "indicators", None)

    @override
    def reset(self) -> None:
        """Let the method forget what it has learned and seen."""
        reset_parts(self)
