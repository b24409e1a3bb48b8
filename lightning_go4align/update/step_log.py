"""What is said of a step where its numbers are read anyway: to loggers by name, to the user in warnings."""

import math
from collections.abc import Container, Sequence

import lightning.pytorch as pl
from lightning.pytorch.loggers import Logger
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn
from torchjd.aggregation import Aggregator

from lightning_go4align.methods.fixed import FixedWeights, SingleTask
from lightning_go4align.update.compatibility import logged_names
from lightning_go4align.update.readout import Readout
from lightning_go4align.update.record import HostNumbers, StepWatcher

PREFIX = "go4align/"


class StepLog:
    """Hand what the host reads of steps to loggers, to monitors and, in warnings, to the user.

    Args:
        method: How tasks are balanced.
        readout: What reads the steps.
        watchers: The monitors.
    """

    def __init__(self, method: nn.Module, readout: Readout, watchers: Sequence[StepWatcher] = ()) -> None:
        self._readout, self._watchers = readout, watchers
        self._warnings, self._taken = StepWarnings(method), set[str]()
        self._read: HostNumbers | None = None
        self._told: HostNumbers | None = None

    def read(self) -> HostNumbers | None:
        """Read what there is, once for each step, and give it to the monitors.

        Returns:
            The numbers of the last step; None if there was none.
        """
        numbers = self._readout.read()
        if numbers is not None and numbers is not self._read and numbers.watched is not None:
            for watcher in self._watchers:
                watcher.record_steps(numbers.watched)
        self._read = numbers
        return numbers

    def hand_on(self, trainer: pl.Trainer) -> None:
        """Tell loggers and monitors of the last step.

        Args:
            trainer: The trainer, at its interval.
        """
        if trainer.loggers:
            self.tell(trainer, trainer.loggers)
        if self._watchers and self.read() is not None:
            for watcher in self._watchers:
                watcher.log_steps(trainer)

    def tell(self, trainer: pl.Trainer, loggers: Sequence[Logger] = ()) -> None:
        """Tell loggers and the user of the last step, once.

        Args:
            trainer: The trainer.
            loggers: Those that are told.

        Raises:
            ValueError: If a weight was not finite.
        """
        numbers = self.read()
        if numbers is None or numbers is self._told:
            return
        self._told = numbers
        row = self._apart(step_row(numbers), logged_names(trainer)) if loggers else {}
        for logger in loggers:
            logger.log_metrics(row, step=numbers.step - 1)
        self._warnings.losses(numbers)
        self._warnings.weights(numbers)

    def _apart(self, row: dict[str, float], taken: Container[str]) -> dict[str, float]:
        """Put ``go4align/`` before names that the module logs: no logger may take one value for the other."""
        news = [name for name in row if name in taken and name not in self._taken]
        if news:
            self._taken |= set(news)
            rank_zero_warn(
                f"The module logs {news} itself: `MultiTaskCallback` logs its own values under "
                f"{[PREFIX + name for name in news]} from now on."
            )
        return {f"{PREFIX}{name}" if name in self._taken else name: value for name, value in row.items()}


def step_row(numbers: HostNumbers) -> dict[str, float]:
    """Name the numbers of a step; what an absent task lacks is left out.

    Args:
        numbers: The numbers.

    Returns:
        With the names ``loss/<task>``, ``weight/<task>``, ``scaled_loss/<task>``, and for a method that groups also
        ``indicator/<task>``, ``group/<task>``, ``group_weight/<k>`` and ``group_size/<k>``.

    Example:
        >>> step_row(HostNumbers(1, ("depth", "normal"), [-1, -1], [-1, -1], [2.0, math.nan], [0.5, 0.0]))
        {'loss/depth': 2.0, 'weight/depth': 0.5, 'scaled_loss/depth': 1.0}
    """
    row: dict[str, float] = {}
    for task, loss, weight in zip(numbers.tasks, numbers.losses, numbers.weights, strict=True):
        if not math.isnan(loss):
            row[f"loss/{task}"] = loss
        if not math.isnan(loss) and not math.isnan(weight):
            row |= {f"weight/{task}": weight, f"scaled_loss/{task}": weight * loss}
    if numbers.groups is None:
        return row
    indicators, assignment, group_weights = numbers.groups
    for task, indicator, group in zip(numbers.tasks, indicators, assignment, strict=True):
        if group >= 0:
            row |= {f"indicator/{task}": indicator, f"group/{task}": group}
    for k, weight in enumerate(group_weights):
        row |= {f"group_weight/{k}": weight, f"group_size/{k}": float(assignment.count(k))}
    return row


class StepWarnings:
    """Speak up about losses and weights, once for each time that one turns bad.

    Args:
        method: How tasks are balanced.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> StepWarnings(FAMO(1)).weights(HostNumbers(4, ("depth",), [-1], [3], [1.0], [math.nan]))
        Traceback (most recent call last):
        ...
        ValueError: FAMO found no finite weight for 'depth' in step 3. ...
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._any_sign = isinstance(method, FixedWeights | SingleTask | Aggregator)
        self._told: dict[str, int] = {}
        self._bad: set[str] = set()

    def losses(self, numbers: HostNumbers) -> None:
        """Warn of losses that were not finite since the last time, and of negative ones that were not weighed.

        Args:
            numbers: The numbers of the step.
        """
        bad: set[str] = set()
        each = zip(numbers.tasks, numbers.non_finite_losses, numbers.losses, numbers.weights, strict=True)
        for task, step, loss, weight in each:
            if step > self._told.get(task, -1):
                self._tell(
                    task,
                    f"The loss of task '{task}' was not finite in step {step}: its weight was 0 and the method's "
                    "state was kept. Its gradient may still hold NaN: look for a division or logarithm in that loss.",
                )
                bad.add(task)
            elif loss < 0 and weight == 0 and not self._any_sign:
                self._tell(
                    task,
                    f"The loss of task '{task}' is negative: its weight is 0, for {self._method} weighs positive "
                    "losses only. Add a constant that keeps it above 0.",
                )
                bad.add(task)
            self._told[task] = step
        self._bad = bad

    def _tell(self, task: str, message: str) -> None:
        if task not in self._bad:
            rank_zero_warn(message)

    def weights(self, numbers: HostNumbers) -> None:
        """Refuse weights that are not finite.

        Args:
            numbers: The numbers of the step.

        Raises:
            ValueError: If one was not finite in some step.
        """
        for task, step in zip(numbers.tasks, numbers.non_finite_weights, strict=True):
            if step >= 0:
                raise ValueError(
                    f"{self._method} found no finite weight for '{task}' in step {step}. Most methods want losses "
                    "that are positive and far from overflow: add a constant or change their unit, or take a method "
                    "that allows for it, such as `GO4Align`."
                )
