"""What steps leave on the device until the host looks, and then comes in one copy."""

from itertools import accumulate

import torch
from torch import Tensor

from lightning_go4align.functional.precision import widest
from lightning_go4align.update.record import HostNumbers, StepRecord, WatchedSteps

CAPACITY = 64
KEPT = 1024


class NonFiniteTracker:
    """Remember the last step in which each of a step's numbers was not finite, without reading any.

    Steps wait until somebody asks or there are 64 of them: a step costs next to nothing, and the host reads nothing.

    Example:
        >>> tracker = NonFiniteTracker()
        >>> for step in range(3):
        ...     losses = torch.tensor([1.0, torch.nan if step == 1 else 2.0])
        ...     tracker.note(step, StepRecord(("a", "b"), losses, losses.sum(), losses, torch.ones(2)))
        >>> tracker.steps
        tensor([-1,  1, -1, -1])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Tensor, Tensor]] = []
        self._noted: StepRecord | None = None
        self._last: Tensor | None = None

    def note(self, step: int, record: StepRecord) -> None:
        """Take the numbers of a step; they are the step's own and do not change any more.

        Args:
            step: Its number.
            record: What it found, or the record of the step before, if it found nothing.
        """
        if record is self._noted:
            return
        self._noted = record
        weights = torch.zeros_like(record.reported) if record.weights is None else record.weights
        self._waiting.append((step, record.reported, weights))
        if len(self._waiting) == CAPACITY:
            self._look()

    @property
    def steps(self) -> Tensor | None:
        """The last step in which each loss, and then each weight, was not finite, shape ``[2 M]``; -1 for never."""
        if self._waiting:
            self._look()
        return self._last

    def _look(self) -> None:
        numbers, losses, weights = zip(*self._waiting, strict=True)
        self._waiting = []
        values = torch.cat([torch.stack(losses), torch.stack(weights)], 1)
        steps = torch.tensor(numbers).to(values.device, non_blocking=True)[:, None]
        last = torch.where(values.isfinite(), -1, steps).amax(0)
        self._last = last if self._last is None else last.maximum(self._last.to(last.device))


class Readout:
    """Keep what steps found on the device, and copy it to the host all at once when somebody asks.

    Args:
        keeps_steps: Whether every step is kept for monitors, or the last one only.

    Example:
        >>> losses, readout = torch.tensor([2.0, torch.nan]), Readout()
        >>> record = StepRecord(("depth", "normal"), losses, losses.nansum(), losses.nan_to_num())
        >>> readout.note(0, record)
        >>> readout.keep(1, record)
        >>> readout.read().losses
        [2.0, nan]
    """

    def __init__(self, keeps_steps: bool = False) -> None:
        self._tracker = NonFiniteTracker()
        self._keeps_steps = keeps_steps
        self._kept: list[StepRecord] = []
        self._latest: tuple[int, StepRecord] | None = None
        self._numbers: HostNumbers | None = None

    @property
    def is_full(self) -> bool:
        """Whether the host has to read before another step is kept."""
        return len(self._kept) >= KEPT

    def note(self, step: int, record: StepRecord) -> None:
        """Note what was not finite in a batch.

        Args:
            step: Number of optimizer steps before it.
            record: What it found.
        """
        self._tracker.note(step, record)

    def keep(self, step: int, record: StepRecord) -> None:
        """Keep an optimizer's step; neither the host nor the device works.

        Args:
            step: Number of optimizer steps so far.
            record: What its last batch found.
        """
        self._latest = step, record
        if self._keeps_steps:
            self._kept.append(record)

    def read(self) -> HostNumbers | None:
        """Copy all to the host, once for each step.

        Returns:
            The numbers of the last step, and of those that were kept since the last time; None if there was none.
        """
        latest, self._latest = self._latest, None
        if latest is not None:
            self._numbers = self._copy(*latest)
        return self._numbers

    def _copy(self, step: int, record: StepRecord) -> HostNumbers:
        non_finite_steps, missing = self._tracker.steps, torch.full_like(record.losses, torch.nan)
        assert non_finite_steps is not None
        parts = [non_finite_steps, record.losses, missing if record.weights is None else record.weights]
        if record.grouping is not None and record.indicators is not None:
            parts += [record.indicators, record.grouping.assignment, record.grouping.group_weights]
        kept, self._kept = self._kept, []
        dtype = widest(record.losses.device)
        joined = torch.cat([part.to(dtype) for part in (*parts, *_stacked(kept))]).cpu()
        ends = list(accumulate(len(part) for part in parts))
        numbers: list[float] = joined[: ends[-1]].tolist()
        row = [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        non_finite, size = [int(number) for number in row[0]], len(record.tasks)
        groups = (row[3], row[4], row[5]) if len(row) > 3 else None
        watched = _split(record.tasks, joined[ends[-1] :].view(4, -1, size)) if kept else None
        return HostNumbers(step, record.tasks, non_finite[:size], non_finite[size:], row[1], row[2], groups, watched)


def _stacked(kept: list[StepRecord]) -> list[Tensor]:
    """Join groups, weights, indicators and losses of all steps, one after the other, in the precision of a log."""
    if not kept:
        return []
    losses = torch.stack([record.losses for record in kept]).to(torch.float32)
    unknown, none = torch.full_like(losses[0], torch.nan), torch.full_like(losses[0], -1)
    groups = [none if record.grouping is None else record.grouping.assignment for record in kept]
    weights = [unknown if record.weights is None else record.weights for record in kept]
    indicators = [unknown if record.indicators is None else record.indicators for record in kept]
    parts = [torch.stack(part).to(torch.float32) for part in (groups, weights, indicators)]
    return [part.flatten() for part in (*parts, losses)]


def _split(tasks: tuple[str, ...], numbers: Tensor) -> WatchedSteps:
    groups, weights, indicators, losses = numbers.unbind()
    return WatchedSteps(tasks, groups.to(torch.int64), *(p.to(torch.float32) for p in (weights, indicators, losses)))
