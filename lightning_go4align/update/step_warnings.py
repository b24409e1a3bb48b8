"""What is said to the user of losses and weights, where their numbers are read anyway."""

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.methods.domain import why_positive
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.update.record import HostNumbers

LONG = 1000
SHORTEST = 20
LONG_WITH_WEIGHT_0 = 64
SUM_OF_RAW_LOSSES = (
    "Eq. 6 of the paper adds losses up in their own units, so that the weight of a large one goes to 0: take "
    "`RobustGO4Align`, divide the loss by its usual size, or lower `beta`."
)
OTHER_SIZE = "Bring the loss to the size of the others by a constant, or take `RobustGO4Align`, which needs no units."


class StepWarnings:
    """Speak up about losses and weights that are no good.

    Args:
        method: How tasks are balanced.
        start: Number of optimizer steps before the fit.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> from lightning_go4align.update.record import LastSteps
        >>> last = LastSteps.never(1)._replace(bad_weight=[3])
        >>> StepWarnings(FAMO(1)).tell(HostNumbers(4, ("depth",), last, 1.0, [1.0], [float("nan")]))
        Traceback (most recent call last):
        ...
        ValueError: FAMO found no finite weight for 'depth' in step 3. ...
    """

    def __init__(self, method: nn.Module, start: int = 0) -> None:
        self._method, self._start = method, start
        self._why_positive = why_positive(method)
        self._sums_raw_losses = any(isinstance(part, GO4Align) for part in method.modules())
        self._told: set[str] = set()
        self._numbers: HostNumbers | None = None
        self._bad: set[str] = set()
        self._last_bad: dict[str, int] = {}

    def tell(self, numbers: HostNumbers, epoch_start: int | None = None) -> None:
        """Warn of what has gone wrong since the last time.

        Args:
            numbers: The numbers of the last step.
            epoch_start: Number of optimizer steps before the epoch that ends with it; None within an epoch.

        Raises:
            ValueError: If a weight was not finite.
        """
        if numbers is not self._numbers:
            self._refuse_weights(numbers)
            self._tell_not_finite(numbers)
        self._numbers = numbers
        intended = intended_weights(self._method, numbers.tasks)
        for place, task in enumerate(numbers.tasks):
            if task not in self._told and task not in intended:
                message = self._of_sign(numbers, place) or self._of_share(numbers, place, epoch_start)
                if message is not None:
                    self._told.add(task)
                    rank_zero_warn(message)

    def _refuse_weights(self, numbers: HostNumbers) -> None:
        for task, step in zip(numbers.tasks, numbers.last_steps.bad_weight, strict=True):
            if step >= 0:
                raise ValueError(
                    f"{self._method} found no finite weight for '{task}' in step {step}. Most methods want losses "
                    "that are positive and far from overflow: add a constant or change their unit, or take a method "
                    "that allows for it, such as `RobustGO4Align`."
                )

    def _tell_not_finite(self, numbers: HostNumbers) -> None:
        """Warn once for each time that a loss turns bad."""
        before, self._bad = self._bad, set()
        for task, step in zip(numbers.tasks, numbers.last_steps.bad_loss, strict=True):
            if step <= self._last_bad.get(task, -1):
                continue
            self._last_bad[task] = step
            self._bad.add(task)
            if task not in before:
                rank_zero_warn(
                    f"The loss of task '{task}' was not finite in step {step}: its weight was 0 and the method's "
                    "state was kept. Its gradient may still hold NaN: look for a division or logarithm in that loss."
                )

    def _of_sign(self, numbers: HostNumbers, place: int) -> str | None:
        step = numbers.last_steps.negative[place]
        if step < 0 or self._why_positive is None:
            return None
        return f"The loss of task '{numbers.tasks[place]}' was negative in step {step}. {self._why_positive}"

    def _of_share(self, numbers: HostNumbers, place: int, epoch_start: int | None) -> str | None:
        last = numbers.last_steps
        steps = last.starved[place] - max(last.fed[place], self._start - 1)
        has_weight_0 = last.unweighted[place] == last.starved[place]
        most_of_an_epoch = epoch_start is not None and steps >= max(SHORTEST, (numbers.step - epoch_start) / 2)
        if not (steps >= LONG or most_of_an_epoch or (has_weight_0 and steps >= LONG_WITH_WEIGHT_0)):
            return None
        mend = SUM_OF_RAW_LOSSES if self._sums_raw_losses else OTHER_SIZE
        return (
            f"Task '{numbers.tasks[place]}' starves: for {steps} steps its part of the weighted loss was below a "
            f"thousandth of an even one, and it learns next to nothing (loss {numbers.losses[place]:.3g}, weight "
            f"{numbers.weights[place]:.2g}). {mend}"
        )
