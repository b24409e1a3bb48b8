"""What is said to the user of losses and weights, where their numbers are read anyway."""

from collections.abc import Callable

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.methods.domain import why_positive
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.update.record import HostNumbers

LONG = 1000
SHORTEST = 50
LONG_WITH_WEIGHT_0 = 64
LOST = 3
SUM_OF_RAW_LOSSES = (
    "Eq. 6 of the paper adds losses up in their own units, so that the weight of a large one goes to 0: take "
    "`RobustGO4Align`, divide the loss by its usual size, or lower `beta`."
)
OTHER_SIZE = "Bring the loss to the size of the others by a constant, or take `RobustGO4Align`, which needs no units."


class StepWarnings:
    """Speak up about losses and weights that are no good.

    Args:
        method: How tasks are balanced.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> from lightning_go4align.update.record import TaskSteps
        >>> last = TaskSteps.never(1)._replace(bad_weight=[3])
        >>> StepWarnings(FAMO(1)).tell(HostNumbers(4, ("depth",), last, 1.0, [1.0], [float("nan")]))
        Traceback (most recent call last):
        ...
        ValueError: FAMO found no finite weight for 'depth' in step 3. ...
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._start: int | None = None
        self._epoch_start = 0
        self._why_positive = why_positive(method)
        self._sums_raw_losses = any(isinstance(part, GO4Align) for part in method.modules())
        self._warned: set[str] = set()
        self._non_finite: set[str] = set()
        self._last_bad: dict[str, int] = {}
        self._told_lost = self._told_idle = False

    def begin_epoch(self, step: int) -> None:
        """Take note of where an epoch begins.

        Args:
            step: Number of optimizer steps before it.
        """
        self._epoch_start = step
        self._start = step if self._start is None else self._start

    def tell(self, numbers: HostNumbers) -> None:
        """Warn of what has gone wrong since the last time.

        Args:
            numbers: The numbers of the last step.

        Raises:
            ValueError: If a weight was not finite.
        """
        self._refuse_weights(numbers)
        self._tell_not_finite(numbers)
        self._tell_lost(numbers)
        self._tell_once(numbers, self._of_sign)
        self._tell_idle(numbers)
        self._tell_once(numbers, self._of_share)

    def tell_of_epoch(self, numbers: HostNumbers) -> None:
        """Warn of tasks that starved in most of an epoch, or had no loss at all.

        Args:
            numbers: The numbers of its last step.
        """
        most = max(SHORTEST, (numbers.step - self._epoch_start) / 2)
        self._tell_once(numbers, lambda numbers, index: self._of_share(numbers, index, most))
        if self._epoch_start == self._start:
            self._tell_absent(numbers)

    def _tell_once(self, numbers: HostNumbers, message_of: Callable[[HostNumbers, int], str | None]) -> None:
        intended = intended_weights(self._method, numbers.tasks)
        for index, task in enumerate(numbers.tasks):
            message = None if task in self._warned | intended else message_of(numbers, index)
            if message is not None:
                self._warned.add(task)
                rank_zero_warn(message)

    def _refuse_weights(self, numbers: HostNumbers) -> None:
        for index, task in enumerate(numbers.tasks):
            if numbers.last_steps.bad_weight[index] >= 0:
                raise ValueError(
                    f"{self._method} found no finite weight for '{task}' in {_when(numbers, 'bad_weight', index)}. "
                    "Most methods want losses that are positive and far from overflow: add a constant or change "
                    "their unit, or take a method that allows for it, such as `RobustGO4Align`."
                )

    def _tell_not_finite(self, numbers: HostNumbers) -> None:
        """Warn once for each time that a loss turns bad."""
        before, self._non_finite = self._non_finite, set()
        for index, task in enumerate(numbers.tasks):
            step = numbers.last_steps.bad_loss[index]
            if step <= self._last_bad.get(task, -1):
                continue
            self._last_bad[task] = step
            self._non_finite.add(task)
            if task not in before:
                rank_zero_warn(
                    f"The loss of task '{task}' was not finite in {_when(numbers, 'bad_loss', index)}: its weight "
                    "was 0 and the method's state was kept. Its gradient may still hold NaN: look for a division or "
                    "logarithm in that loss."
                )

    def _tell_lost(self, numbers: HostNumbers) -> None:
        """Warn once where no loss has been finite for some steps: in one alone it may be the batch."""
        last = numbers.last_steps
        steps = max(last.lost) - max(*last.fed, *last.starved, (self._start or 0) - 1)
        if self._told_lost or steps < LOST:
            return
        self._told_lost = True
        rank_zero_warn(
            f"No loss is finite any more, for {steps} steps up to step {max(last.lost)}: the model's parameters are "
            "probably not finite, and nothing is learned from here on. `objective` is logged as NaN. Go back to a "
            "checkpoint from before; look at the first loss that was not finite, with "
            "`Trainer(detect_anomaly=True)`, and mend it, clip gradients, or lower the learning rate."
        )

    def _tell_idle(self, numbers: HostNumbers) -> None:
        """Warn once where a method made nothing of finite losses, unless a user's 0 or a negative loss explains."""
        found = [index for index, step in enumerate(numbers.last_steps.idle) if step >= 0]
        explained = self._warned | intended_weights(self._method, numbers.tasks)
        if self._told_idle or not found or any(numbers.tasks[index] in explained for index in found):
            return
        self._told_idle = True
        rank_zero_warn(
            f"{self._method} gave nothing to train the shared parameters with in {_when(numbers, 'idle', found[0])}: "
            "all weights, or the whole gradient, were exactly 0, though losses were finite. Methods that compare "
            "gradients, such as CAGrad, do so where these differ in size by orders of magnitude, or are all 0. Bring "
            "the losses to one size by constants, lower the method's `norm_eps` if it has one, or take a method "
            "without units, such as `RobustGO4Align`."
        )

    def _of_sign(self, numbers: HostNumbers, index: int) -> str | None:
        if numbers.last_steps.negative[index] < 0 or self._why_positive is None:
            return None
        when = _when(numbers, "negative", index)
        return f"The loss of task '{numbers.tasks[index]}' was negative in {when}. {self._why_positive}"

    def _of_share(self, numbers: HostNumbers, index: int, long: float = LONG) -> str | None:
        last = numbers.last_steps
        steps = last.starved[index] - max(last.fed[index], (self._start or 0) - 1)
        has_weight_0 = last.unweighted[index] == last.starved[index]
        if steps < (min(long, LONG_WITH_WEIGHT_0) if has_weight_0 else long):
            return None
        mend = SUM_OF_RAW_LOSSES if self._sums_raw_losses else OTHER_SIZE
        return (
            f"Task '{numbers.tasks[index]}' starves: for {steps} steps its part of the weighted loss was below a "
            f"thousandth of an even one, and it learns next to nothing (loss {numbers.losses[index]:.3g}, weight "
            f"{numbers.weights[index]:.2g}). {mend}"
        )

    def _tell_absent(self, numbers: HostNumbers) -> None:
        last = numbers.last_steps
        seen = [max(steps) >= 0 for steps in zip(last.fed, last.starved, last.bad_loss, strict=True)]
        absent = [task for task, is_seen in zip(numbers.tasks, seen, strict=True) if not is_seen]
        if absent:
            rank_zero_warn(
                f"The tasks {absent} had no loss in the first epoch: in all of its "
                f"{numbers.step - self._epoch_start} steps it was None, exactly 0 or without a graph. Look at their "
                "names, in `training_step` and in `tasks`, and at their labels."
            )


def _when(numbers: HostNumbers, field: str, index: int) -> str:
    """Say in which step something was so of a task, and until which."""
    last: int = getattr(numbers.last_steps, field)[index]
    first: int = last if numbers.first_steps is None else getattr(numbers.first_steps, field)[index]
    return f"step {last}" if first in (-1, last) else f"step {first}, and last in step {last}"
