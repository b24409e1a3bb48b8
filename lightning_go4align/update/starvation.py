"""What is said of a task whose part of the weighted loss is next to nothing."""

from math import isnan, nan

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.history.starving import DRAWN, OTHER_SIZE, OUTLIER, STARVED, SUM_OF_RAW_LOSSES
from lightning_go4align.methods.around import AroundScalarizer
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.methods.robust_go4align import RobustGO4Align
from lightning_go4align.plain_text import few_of
from lightning_go4align.update.record import HostNumbers

LONG = 1000
LONG_WITH_WEIGHT_0 = 64
SHORT_WITH_WEIGHT_0 = 16  # From the first step on. MGDA may leave a task out of ten.


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
        self._numbers: HostNumbers | None = None
        self._known: Parts | None = None

    def steps(
        self,
        numbers: HostNumbers,
        index: int,
        start: int = 0,
        long: float = LONG,
        long_with_weight_0: int = LONG_WITH_WEIGHT_0,
    ) -> int:
        """Count for how many steps a task has starved.

        Args:
            numbers: The numbers of the last step.
            index: The task's.
            start: Number of steps before the fit.
            long: Fewer are none.
            long_with_weight_0: Fewer are none if its weight is 0.

        Returns:
            Their number; 0 for a task that does not starve.
        """
        last = numbers.last_steps
        steps = last.starved[index] - max(last.fed[index], start - 1)
        if last.unweighted[index] == last.starved[index]:
            drawn = DRAWN * len(numbers.tasks) if min(last.unweighted) >= start else 0  # Each is left out at times.
            long = min(long, max(long_with_weight_0, drawn))
        if steps < long:
            return 0
        return 0 if self._has_scales and not self._parts(numbers).is_small(index) else steps

    def steps_of_epoch(self, numbers: HostNumbers, index: int, start: int, long: float) -> int:
        """Count them at the end of an epoch, where a weight of 0 from the first step on is soon said.

        Args:
            numbers: The numbers of its last step.
            index: The task's.
            start: Number of steps before the fit.
            long: Fewer are none.

        Returns:
            Their number; 0 for a task that does not starve.
        """
        never_fed = numbers.last_steps.fed[index] < start
        return self.steps(numbers, index, start, long, SHORT_WITH_WEIGHT_0 if never_fed else LONG_WITH_WEIGHT_0)

    def mend(self, numbers: HostNumbers, index: int) -> str:
        """Say what helps a task that starves.

        Args:
            numbers: The numbers of the last step.
            index: The task's.

        Returns:
            A sentence.
        """
        parts = self._parts(numbers)
        if parts.is_small_for_factors(index):
            return f"The factors of {few_of(sorted(parts.intended))} leave it no more: lower them."
        if self._has_scales:
            return OUTLIER
        return SUM_OF_RAW_LOSSES if self._sums_raw_losses else OTHER_SIZE

    def _parts(self, numbers: HostNumbers) -> "Parts":
        if numbers is not self._numbers or self._known is None:  # Of thousands of tasks all are asked for.
            intended = frozenset(intended_weights(self._method, numbers.tasks))
            self._numbers, self._known = numbers, Parts(numbers, self._sizes(numbers), intended)
        return self._known

    def _sizes(self, numbers: HostNumbers) -> list[float]:
        """The size of a loss far from 0 says little: a method with scales has measured it by no more than those."""
        sizes = [abs(loss) for loss in numbers.losses]
        if self._has_scales and numbers.groups is not None:
            pairs = zip(sizes, numbers.groups[0], strict=True)
            sizes = [min(size, 1 / indicator) if indicator > 0 else nan for size, indicator in pairs]
        return sizes


class Parts:
    """Each task's part of the weighted loss of one step, and what is small of it: below a thousandth of an even one.

    Args:
        numbers: The numbers of the step.
        sizes: How large each task's loss is; NaN for an absent one.
        intended: The tasks whose weight the user has a hand in.

    Example:
        >>> from lightning_go4align.update.record import TaskSteps
        >>> numbers = HostNumbers(1, ("a", "b"), TaskSteps.never(2), 1.0, [1.0, 1.0], [1.0, 1e-4])
        >>> parts = Parts(numbers, [1.0, 1.0], frozenset({"a"}))
        >>> parts.is_small(0), parts.is_small(1), parts.is_small_for_factors(1)
        (False, True, True)
    """

    def __init__(self, numbers: HostNumbers, sizes: list[float], intended: frozenset[str]) -> None:
        self.intended = intended
        self._parts = [weight * size for weight, size in zip(numbers.weights, sizes, strict=True)]
        self._least = STARVED * _mean(self._parts)
        named = zip(numbers.tasks, self._parts, strict=True)
        self._least_of_others = STARVED * _mean([part for task, part in named if task not in intended])

    def is_small(self, index: int) -> bool:
        """Tell whether a task's part is small; that of an absent task is not."""
        return self._parts[index] < self._least

    def is_small_for_factors(self, index: int) -> bool:
        """Tell whether it is, and would not be without the tasks whose weight the user has a hand in."""
        return bool(self.intended) and self.is_small(index) and not self._parts[index] < self._least_of_others


def warn_of_absent(numbers: HostNumbers, steps: int) -> None:
    """Warn of the tasks that have had no loss at all.

    Args:
        numbers: The numbers of the last step.
        steps: Number of steps so far.
    """
    last = numbers.last_steps
    seen = [max(each) >= 0 for each in zip(last.fed, last.starved, last.bad_loss, strict=True)]
    absent = [task for task, is_seen in zip(numbers.tasks, seen, strict=True) if not is_seen]
    if absent:
        rank_zero_warn(
            f"The tasks {few_of(absent)} had no loss in the first {steps} steps: it was None, exactly 0 or without "
            "a graph. Look at their names, in `training_step` and in `tasks`, and at their labels."
        )


def _mean(parts: list[float]) -> float:
    known = [part for part in parts if not isnan(part)]
    return sum(known) / len(known) if known else 0.0
