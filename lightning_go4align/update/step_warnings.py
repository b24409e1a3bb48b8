"""What is said to the user of losses and weights, where their numbers are read anyway."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isnan

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.plain_text import few_of
from lightning_go4align.update.domain import Domain
from lightning_go4align.update.record import HostNumbers
from lightning_go4align.update.starvation import Starvation, warn_of_absent

SHORTEST = 50
FEWEST = 5
LOST = 3


class StepWarnings:
    """Speak up about losses and weights that are no good.

    Args:
        method: How tasks are balanced.

    Attributes:
        needs_losses: Whether losses are read in any case: signs tell nothing of a bound, or of a loss of exactly 0.

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
        self._domain = Domain(method)
        self.needs_losses = self._domain.bounds is not None or self._domain.why_not_zero is not None
        self._starvation = Starvation(method)
        self._warned: set[str] = set()
        self._non_finite: set[str] = set()
        self._times = Counter[str]()
        self._last_bad: dict[str, int] = {}
        self._told_lost = self._told_idle = self._told_absent = False

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
        self._tell_once(numbers, self._of_zero)
        self._tell_once(numbers, self._of_bound)
        self._tell_idle(numbers)
        steps_of = partial(self._starvation.steps, start=self._start or 0)
        meant = intended_weights(self._method, numbers.tasks)
        self._tell_once(numbers, partial(self._of_share, steps_of=steps_of), meant)

    def tell_of_epoch(self, numbers: HostNumbers) -> None:
        """Warn of tasks that starved in most of an epoch, or have had no loss at all by the end of the first.

        Args:
            numbers: The numbers of its last step.
        """
        most = max(SHORTEST, (numbers.step - self._epoch_start) / 2)
        meant, start = intended_weights(self._method, numbers.tasks), self._start or 0
        steps_of = partial(self._starvation.steps_of_epoch, start=start, long=most)
        self._tell_once(numbers, partial(self._of_share, steps_of=steps_of), meant)
        steps = numbers.step - start
        if not self._told_absent and steps >= FEWEST:
            self._told_absent = True
            warn_of_absent(numbers, steps)

    def _tell_once(
        self, numbers: HostNumbers, message_of: Callable[[HostNumbers, int], str], meant: Iterable[str] = ()
    ) -> None:
        known = self._warned.union(meant)
        news = [index for index, task in enumerate(numbers.tasks) if task not in known]
        found = [index for index in news if message_of(numbers, index)]
        self._warned |= {numbers.tasks[index] for index in found}
        if found:
            message = message_of(numbers, found[0])
            message += _others(numbers, found)
            rank_zero_warn(message)

    def _refuse_weights(self, numbers: HostNumbers) -> None:
        bad = [index for index, step in enumerate(numbers.last_steps.bad_weight) if step >= 0]
        if bad:
            of_zero = (self._of_zero(numbers, index) for index in range(len(numbers.tasks)))
            cause = next(filter(None, of_zero), "") or self._domain.cause(numbers.tasks, numbers.lowest)
            task, when = numbers.tasks[bad[0]], numbers.when("bad_weight", bad[0])
            raise ValueError(f"{self._method} found no finite weight for '{task}' in {when}. {cause}")

    def _tell_not_finite(self, numbers: HostNumbers) -> None:
        """Warn the first, second, fourth, ... time that a loss turns bad: it may do so in every 200th batch."""
        steps = dict(zip(numbers.tasks, numbers.last_steps.bad_loss, strict=True))
        bad = {task for task, step in steps.items() if step > self._last_bad.get(task, -1)}
        news, self._non_finite, self._last_bad = bad - self._non_finite, bad, steps
        self._times.update(news)
        told = {task for task in news if self._times[task].bit_count() == 1}
        found = [index for index, task in enumerate(numbers.tasks) if task in told]
        found.sort(key=lambda index: numbers.first_step("bad_loss", index))  # From where it may have spread.
        if found:
            task, when = numbers.tasks[found[0]], numbers.when("bad_loss", found[0])
            again = f", {self._times[task]} times by now" if self._times[task] > 2 else ""
            rank_zero_warn(
                f"The loss of task '{task}' was not finite in {when}{again}: its weight was 0 and the method's state "
                "was kept. Its gradient may still hold NaN: look for a division or logarithm in that "
                f"loss.{_others(numbers, found)}"
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
            f"{self._method} gave nothing to train the shared parameters with in {numbers.when('idle', found[0])}: "
            "all weights, or the whole gradient, were exactly 0, though losses were finite. Methods that compare "
            "gradients, such as CAGrad, do so where these differ in size by orders of magnitude, or are all 0. Bring "
            "the losses to one size by constants, lower the method's `norm_eps` if it has one, or take a method "
            "without units, such as `RobustGO4Align`."
        )

    def _of_sign(self, numbers: HostNumbers, index: int) -> str:
        if numbers.last_steps.negative[index] < 0 or self._domain.why_positive is None:
            return ""
        when = numbers.when("negative", index)
        task, low = numbers.tasks[index], numbers.lowest[index]
        return (
            f"The loss of task '{task}' was negative in {when} ({low:.5g} at its lowest). {self._domain.why_positive}"
        )

    def _of_zero(self, numbers: HostNumbers, index: int) -> str:
        if numbers.losses[index] != 0 or self._domain.why_not_zero is None:
            return ""
        when = f"step {numbers.step - 1}"
        return f"The loss of task '{numbers.tasks[index]}' was exactly 0 in {when}. {self._domain.why_not_zero}"

    def _of_bound(self, numbers: HostNumbers, index: int) -> str:
        return self._domain.below_bound(numbers.tasks[index], numbers.lowest[index], index)

    def _of_share(self, numbers: HostNumbers, index: int, steps_of: Callable[[HostNumbers, int], int]) -> str:
        steps = steps_of(numbers, index)
        if not steps:
            return ""
        task, loss, weight = numbers.tasks[index], numbers.losses[index], numbers.weights[index]
        shown = f" (loss {loss:.3g}, weight {weight:.2g})" if not isnan(loss) else ""  # It may be absent just now.
        return (
            f"Task '{task}' starves: for {steps} steps its part of the weighted loss was below a thousandth of an "
            f"even one, and it learns next to nothing{shown}. {self._starvation.mend(numbers, index)}"
        )


def _others(numbers: HostNumbers, found: Sequence[int]) -> str:
    """Say of which tasks the same is true: of a thousand tasks a thousand warnings would hide all others."""
    return f" So it is with {few_of([numbers.tasks[index] for index in found[1:]])}." if found[1:] else ""
