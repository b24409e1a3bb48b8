"""What is said of a step where its numbers are read anyway: to loggers by name, to the user in warnings."""

import math
from collections.abc import Container, Sequence
from typing import Any

import lightning.pytorch as pl
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.update.clip_watch import ClipWatch
from lightning_go4align.update.families import PREFIX, Family, Shown
from lightning_go4align.update.hyperparameters import log_tasks
from lightning_go4align.update.lightning_logs import log_row, logged_names, step_on_axis
from lightning_go4align.update.readout import CAPACITY, Readout, is_troubled
from lightning_go4align.update.record import HostNumbers, StepWatcher
from lightning_go4align.update.step_warnings import StepWarnings


class StepLog:
    """Hand what is found in steps to loggers, to the trainer's metrics, to monitors and, in warnings, to the user.

    Args:
        method: How tasks are balanced.
        readout: What reads the steps.
        watchers: The monitors.
        shown: What of a step is shown where.

    Attributes:
        clip: What looks at gradients before they are clipped.
    """

    def __init__(
        self,
        method: nn.Module,
        readout: Readout,
        watchers: Sequence[StepWatcher] = (),
        shown: Shown = Shown(),  # noqa: B008  # a tuple
    ) -> None:
        self._readout, self._watchers, self._shown = readout, watchers, shown
        self._families: tuple[Family, ...] | None = None  # None: the tasks are not known
        self._warnings, self.clip = StepWarnings(method), ClipWatch(method)
        self._taken, self._told = set[str](), set[str]()
        self._read: HostNumbers | None = None
        self._reported: HostNumbers | None = None

    def begin_epoch(self, step: int) -> None:
        """Begin new means.

        Args:
            step: Number of optimizer steps so far.
        """
        self._readout.begin_epoch()
        self._warnings.begin_epoch(step)

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
        """Tell loggers, the trainer and monitors of the last step, if there are any.

        Args:
            trainer: The trainer, at its interval.
        """
        if self._watchers or trainer.loggers or trainer.progress_bar_callback is not None:
            self._hand_on(trainer)
        elif self._readout.is_due(CAPACITY // 2):  # The means have looked at what waits: little is left to do.
            self.check()

    def _hand_on(self, trainer: pl.Trainer) -> None:
        numbers, row = self.tell(), dict[str, float]()
        if numbers is not None:
            names, families = step_row(numbers), self._choose(trainer, numbers.tasks)
            chosen = {name: value for name, value in names.items() if name.partition("/")[0] in families}
            row = self._apart(chosen, logged_names(trainer))
            self._told |= row.keys()
            self._show(trainer, numbers)
        if self._watchers and self.read() is not None:
            for watcher in self._watchers:
                row |= watcher.log_steps(trainer)
        if row:
            epoch = {} if "epoch" in logged_names(trainer) else {"epoch": trainer.current_epoch}
            log_row(trainer, row | epoch, step_on_axis(trainer))

    def _show(self, trainer: pl.Trainer, numbers: HostNumbers) -> None:
        row = self._apart(step_row(numbers), self._taken)
        trainer.progress_bar_metrics.update({name: row[name] for name in self._shown.prog_bar if name in row})

    def _choose(self, trainer: pl.Trainer, tasks: Sequence[str]) -> tuple[Family, ...]:
        """Choose what loggers get, the first time that the tasks are known, and tell of them."""
        if self._families is None:
            log_tasks(trainer)
            self._families = self._shown.families(len(tasks))
            if unknown := self._shown.unknown(tasks):
                rank_zero_warn(f"`prog_bar` names {unknown}, but the tasks are {list(tasks)}: correct them.")
        return self._families

    def check(self) -> None:
        """Tell the user of what has gone wrong; numbers are read if something has, or if monitors wait for them."""
        if self._watchers or self._warnings.needs_losses or self._readout.finds_trouble():
            self.tell()
        else:
            self._readout.begin_telling()

    def tell(self) -> HostNumbers | None:
        """Tell the user of what has gone wrong.

        Returns:
            The numbers of the last step; None if there are none that were not told.

        Raises:
            ValueError: If a weight was not finite.
        """
        numbers = self.read()
        if numbers is None or numbers is self._reported:
            return None
        self._reported = numbers
        if self._warnings.needs_losses or is_troubled(numbers.last_steps):
            self._warnings.tell(numbers)
        self._readout.begin_telling()
        return numbers

    def end_epoch(self, trainer: pl.Trainer) -> None:
        """Tell the user and the trainer of the epoch.

        Args:
            trainer: The trainer, at the end of an epoch.
        """
        self.tell()
        if (numbers := self.read()) is not None:
            self._choose(trainer, numbers.tasks)
            self._show(trainer, numbers)
            self._warnings.tell_of_epoch(numbers)
        self.clip.tell(trainer)
        self.publish_means(trainer)

    def publish_means(self, trainer: pl.Trainer) -> None:
        """Give the trainer's metrics the means over the epoch so far; the host reads nothing.

        Args:
            trainer: The trainer, at its interval, before a validation, or after the last batch of an epoch.
        """
        means = self._apart(self._readout.means(), logged_names(trainer))
        trainer.callback_metrics.update(means)

    def _apart(self, row: dict[str, Any], taken: Container[str]) -> dict[str, Any]:
        """Put ``go4align/`` before names that the module logs: no logger may take one value for the other."""
        if news := [name for name in row if name in taken and name not in self._taken]:
            self._taken |= set(news)
            mixed = [name for name in news if name in self._told]
            before = (
                f" Those of {mixed} up to now are among the module's: log yours under other names." if mixed else ""
            )
            rank_zero_warn(
                f"The module logs {news} itself: `MultiTaskCallback` logs its own values under "
                f"{[PREFIX + name for name in news]} from now on.{before}"
            )
        return {f"{PREFIX}{name}" if name in self._taken else name: value for name, value in row.items()}


def step_row(numbers: HostNumbers) -> dict[str, float]:
    """Name the numbers of a step; what an absent task lacks is left out.

    Args:
        numbers: The numbers.

    Returns:
        With the names ``objective``, ``loss/<task>``, ``weight/<task>``, ``scaled_loss/<task>``, and for a method
        that groups also ``indicator/<task>``, ``group/<task>``, ``group_weight/<k>`` and ``group_size/<k>``.

    Example:
        >>> from lightning_go4align.update.record import TaskSteps
        >>> step_row(HostNumbers(1, ("depth", "normal"), TaskSteps.never(2), 1.0, [2.0, math.nan], [0.5, 0.0]))
        {'objective': 1.0, 'loss/depth': 2.0, 'weight/depth': 0.5, 'scaled_loss/depth': 1.0}
    """
    row = {"objective": numbers.objective}
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
