"""What is said of a task whose part of the weighted loss is next to nothing."""

from math import isnan, nan

from torch import nn

from lightning_go4align.methods.around import AroundScalarizer
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.methods.robust_go4align import RobustGO4Align
from lightning_go4align.plain_text import few_of
from lightning_go4align.update.record import HostNumbers
from lightning_go4align.update.step_tracker import STARVING

LONG = 1000
LONG_WITH_WEIGHT_0 = 64
SUM_OF_RAW_LOSSES = (
    "Eq. 6 of the paper adds losses up in their own units, so that the weight of a large one goes to 0: take "
    "`RobustGO4Align`, divide the loss by its usual size, or lower `beta`."
)
OTHER_SIZE = "Bring the loss to the size of the others by a constant, or take `RobustGO4Align`, which needs no units."
OUTLIER = (
    "Its loss was far larger some time ago, and is measured by that until it is forgotten: look for the batch that "
    "made it so large, and leave that out or bound the loss."
)


class Starvation:
    """Find the tasks that starve, and say what helps.

    Args:
        method: How tasks are balanced.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> from lightning_go4align.update.record import TaskSteps
        >>> last = TaskSteps.never(2)._replace(starved=[1000, -1], fed=[-1, 1000])
        >>> Starvation(Sum()).steps(HostNumbers(1001, ("a", "b"), last, 1.0, [1e-9, 1.0], [1.0, 1.0]), 0)
        1001
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._sums_raw_losses = any(isinstance(part, GO4Align) for part in method.modules())
        while isinstance(method, AroundScalarizer):
            method = method.method
        self._has_scales = isinstance(method, RobustGO4Align)

    def steps(self, numbers: HostNumbers, index: int, start: int = 0, long: float = LONG) -> int:
        """Count for how many steps a task has starved.

        Args:
            numbers: The numbers of the last step.
            index: The task's.
            start: Number of steps before the fit.
            long: Fewer are none.

        Returns:
            Their number; 0 for a task that does not starve.
        """
        last = numbers.last_steps
        steps = last.starved[index] - max(last.fed[index], start - 1)
        has_weight_0 = last.unweighted[index] == last.starved[index]
        if steps < (min(long, LONG_WITH_WEIGHT_0) if has_weight_0 else long):
            return 0
        return 0 if self._has_scales and not _is_small(self._parts(numbers), index) else steps

    def mend(self, numbers: HostNumbers, index: int) -> str:
        """Say what helps a task that starves.

        Args:
            numbers: The numbers of the last step.
            index: The task's.

        Returns:
            A sentence.
        """
        parts, intended = self._parts(numbers), intended_weights(self._method, numbers.tasks)
        others = [nan if task in intended else part for task, part in zip(numbers.tasks, parts, strict=True)]
        if intended and _is_small(parts, index) and not _is_small(others, index):
            return f"The factors of {few_of(sorted(intended))} leave it no more: lower them."
        if self._has_scales:
            return OUTLIER
        return SUM_OF_RAW_LOSSES if self._sums_raw_losses else OTHER_SIZE

    def _parts(self, numbers: HostNumbers) -> list[float]:
        """Each task's part of the last step's weighted loss; NaN for an absent one.

        The size of a loss far from 0 says little: a method that has scales has measured it by no more than those.
        """
        sizes = [abs(loss) for loss in numbers.losses]
        if self._has_scales and numbers.groups is not None:
            pairs = zip(sizes, numbers.groups[0], strict=True)
            sizes = [min(size, 1 / indicator) if indicator > 0 else nan for size, indicator in pairs]
        return [weight * size for weight, size in zip(numbers.weights, sizes, strict=True)]


def _is_small(parts: list[float], index: int) -> bool:
    """Tell whether a part is below a thousandth of an even one."""
    known = [part for part in parts if not isnan(part)]
    return bool(known) and parts[index] < STARVING * sum(known) / len(known)
