"""What steps leave on the device until the host looks, and then comes in one copy."""

from itertools import accumulate

import torch
from torch import Tensor

from lightning_go4align.functional.precision import widest
from lightning_go4align.update.record import HostNumbers, StepRecord, TaskSteps, WatchedSteps
from lightning_go4align.update.step_tracker import FirstLosses, StepTracker

CAPACITY = 64
KEPT = 1024
READ_EVERY = 1000


class Readout:
    """Keep what steps found on the device, and copy it to the host all at once when somebody asks.

    Args:
        keeps_steps: Whether every step is kept for monitors, or the last one only.
        first: As for ``StepTracker``.

    Example:
        >>> losses, readout = torch.tensor([2.0, torch.nan]), Readout()
        >>> record = StepRecord(("depth", "normal"), losses, losses.nansum(), losses.nan_to_num())
        >>> readout.note(0, record)
        >>> is_new = readout.keep(1, record)
        >>> readout.read().losses
        [2.0, nan]
    """

    def __init__(self, keeps_steps: bool = False, first: FirstLosses | None = None) -> None:
        self._tracker = StepTracker(first)
        self._keeps_steps = keeps_steps
        self._waiting: list[tuple[int, StepRecord]] = []
        self._kept: list[StepRecord] = []
        self._latest: tuple[int, StepRecord] | None = None
        self._numbers: HostNumbers | None = None
        self._record: StepRecord | None = None
        self._latest_record: StepRecord | None = None
        self._count = self._read_at = 0

    @property
    def is_full(self) -> bool:
        """Whether the host has to read before another step is kept."""
        return len(self._kept) >= KEPT

    def is_due(self, wait: int = CAPACITY) -> bool:
        """Tell whether the host should look for trouble: every 1,000 steps, and often where it need not wait.

        Args:
            wait: After how many steps it looks at what lies in host memory; at the first steps it does so sooner.
        """
        count = self._count
        if count % READ_EVERY == 0:
            return True
        stalls_nothing = self._latest is not None and self._latest[1].losses.is_cpu
        return stalls_nothing and (count - self._read_at >= wait or count & (count - 1) == 0)

    def finds_trouble(self) -> bool:
        """Look on the host at no more than whether something has gone wrong of a task in any step so far."""
        self._look()
        self._read_at = self._count
        steps = self._tracker.steps
        return steps is not None and is_troubled(TaskSteps(*steps.tolist()))

    def note(self, step: int, record: StepRecord) -> None:
        """Note what a batch found; up to 64 wait to be looked at together, so that one costs next to nothing.

        Args:
            step: Number of optimizer steps before it.
            record: What it found, or the record of the one before, if it found nothing.
        """
        if record is self._record:
            return
        self._record = record
        self._waiting.append((step, record))
        if len(self._waiting) == CAPACITY:
            self._look()

    def _look(self) -> None:
        if self._waiting:
            self._tracker.add(self._waiting)
        self._waiting = []

    def keep(self, step: int, record: StepRecord) -> bool:
        """Keep an optimizer's step; neither the host nor the device works.

        Args:
            step: Number of optimizer steps so far.
            record: What its last batch found, or the record of the step before, if all its batches were skipped.

        Returns:
            Whether it found anything; if not, no task is present in what monitors get.
        """
        is_new = self._latest_record is not record
        self._latest, self._latest_record = (step, record), record
        self._count += 1
        if self._keeps_steps:
            self._kept.append(record if is_new else record.without_tasks())
        return is_new

    def begin_epoch(self) -> None:
        """Begin new means."""
        self._look()
        self._tracker.begin_epoch()

    def begin_telling(self) -> None:
        """Look for first steps anew: those so far are told."""
        self._tracker.begin_telling()

    def means(self) -> dict[str, Tensor]:
        """Return the means over the steps of the epoch, on their device, by their names in a row; none before a step.

        Each batch counts once, of whatever size, as each does in training. Of a task which was absent in all of them
        it is the last, NaN if it has not come. Groups are those of the last step, NaN for none.
        """
        self._look()
        means = self._tracker.means
        if means is None or self._record is None:
            return {}
        tasks, values = self._record.tasks, means.unbind()
        names = [*(f"loss/{task}" for task in tasks), *(f"weight/{task}" for task in tasks), "objective"]
        found = dict(zip(names, values, strict=True))
        if self._record.grouping is not None:
            groups = self._record.grouping.assignment
            ranks = groups.to(means.dtype).masked_fill(groups < 0, torch.nan)
            found |= {f"group/{task}": rank for task, rank in zip(tasks, ranks.unbind(), strict=True)}
        return found

    def read(self) -> HostNumbers | None:
        """Copy all to the host, once for each step.

        Returns:
            The numbers of the last step, and of those that were kept since the last time; None if there was none.
        """
        latest, self._latest, self._read_at = self._latest, None, self._count
        if latest is not None:
            self._numbers = self._copy(*latest)
        return self._numbers

    def _copy(self, step: int, record: StepRecord) -> HostNumbers:
        self._look()
        last, first, lowest = self._tracker.steps, self._tracker.first_steps, self._tracker.lows
        assert last is not None
        assert first is not None
        assert lowest is not None
        told = torch.full_like(record.losses, torch.nan) if record.weights is None else record.weights
        # Of a step that had losses, none of them finite, there is nothing that was trained on.
        is_lost = (record.losses.isfinite().any() | record.reported.isfinite().all()).logical_not()
        trained_on = record.objective.masked_fill(is_lost, torch.nan)
        parts = [torch.stack([last, first]).flatten(), trained_on[None], record.losses, told, lowest]
        if record.grouping is not None and record.indicators is not None:
            parts += [record.indicators, record.grouping.assignment, record.grouping.group_weights]
        kept, self._kept = self._kept, []
        dtype = widest(record.losses.device)
        joined = torch.cat([part.to(dtype) for part in (*parts, *_stacked(kept))]).cpu()
        ends = list(accumulate(len(part) for part in parts))
        numbers: list[float] = joined[: ends[-1]].tolist()
        row = [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        size = len(record.tasks)
        steps = [int(number) for number in row[0]]
        fields = [steps[start : start + size] for start in range(0, len(steps), size)]
        half = len(fields) // 2
        last_steps, first_steps = TaskSteps(*fields[:half]), TaskSteps(*fields[half:])
        groups = (row[5], row[6], row[7]) if len(row) > 5 else None
        watched = _split(record.tasks, joined[ends[-1] :].view(4, -1, size)) if kept else None
        (objective,), losses, weights, lows = row[1:5]
        return HostNumbers(
            step, record.tasks, last_steps, objective, losses, weights, groups, watched, first_steps, lows
        )


def is_troubled(last: TaskSteps) -> bool:
    """Tell whether in any step something was so of a task that the user may have to hear of."""
    troubles = (last.bad_loss, last.bad_weight, last.negative, last.unweighted, last.starved, last.idle)
    return max(map(max, troubles)) >= 0


def _stacked(kept: list[StepRecord]) -> list[Tensor]:
    """Join groups, weights, indicators and losses of all steps, one after the other, in the precision of a log."""
    if not kept:
        return []
    reported = torch.stack([record.reported for record in kept])
    losses = torch.stack([record.losses for record in kept]).masked_fill(~reported.isfinite(), torch.inf)
    losses = losses.to(torch.float32)
    unknown, none = torch.full_like(losses[0], torch.nan), torch.full_like(losses[0], -1)
    groups = [none if record.grouping is None else record.grouping.assignment for record in kept]
    weights = [unknown if record.weights is None else record.weights for record in kept]
    indicators = [unknown if record.indicators is None else record.indicators for record in kept]
    parts = [torch.stack(part).to(torch.float32) for part in (groups, weights, indicators)]
    return [part.flatten() for part in (*parts, losses)]


def _split(tasks: tuple[str, ...], numbers: Tensor) -> WatchedSteps:
    groups, weights, indicators, losses = numbers.unbind()
    return WatchedSteps(tasks, groups.to(torch.int64), *(p.to(torch.float32) for p in (weights, indicators, losses)))
