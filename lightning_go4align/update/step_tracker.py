"""In which steps something was first and last so of each task, found without reading any."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_go4align.functional.arrays import Array, library_of, on_arrays
from lightning_go4align.history.starving import extremes_so_far, fed_and_starved
from lightning_go4align.update.record import StepRecord

NEVER = 2**62


class FirstLosses:
    """How large the first loss of each task was: kept for later fits, where what is learned would seem not to be.

    Attributes:
        sizes: The sizes, shape ``[M]``, 0 for a task that has not come; None before the first step.
    """

    def __init__(self) -> None:
        self.sizes: Tensor | None = None


class StepTracker:
    """Remember in which steps something was first and last so of each task, without reading any number.

    Whether a task starves is judged by ``fed_and_starved``; of a method that tells no weights none does.

    Args:
        first: The first losses of this fit and those that it goes on with; None for this one alone.

    Example:
        >>> from lightning_go4align.update.record import TaskSteps
        >>> tracker = StepTracker()
        >>> losses, weights = torch.tensor([[1.0, 2.0], [1.0, torch.nan], [1.0, 2.0]]), torch.tensor([1.0, 0.0])
        >>> tracker.add([(i, StepRecord(("a", "b"), row, row.sum(), row, weights)) for i, row in enumerate(losses)])
        >>> last = TaskSteps(*tracker.steps.tolist())
        >>> last.bad_loss, last.unweighted, last.fed, last.starved
        ([-1, 1], [-1, 2], [2, -1], [-1, 2])
    """

    def __init__(self, first: FirstLosses | None = None) -> None:
        self._first = FirstLosses() if first is None else first
        self._last: Tensor | None = None
        self._since: Tensor | None = None
        self._lows: Tensor | None = None
        self._highs: Tensor | None = None
        self._sums: Tensor | None = None
        self._before: Tensor | None = None

    @property
    def steps(self) -> Tensor | None:
        """The last step of each field of ``TaskSteps``, shape ``[8, M]``, int64; None before the first step."""
        return self._last

    @property
    def first_steps(self) -> Tensor | None:
        """The first step of each field since ``begin_telling``, as ``steps``."""
        return self._since

    @property
    def lows(self) -> Tensor | None:
        """The smallest loss of each task so far, shape ``[M]``, infinite for none; None before the first step."""
        return self._lows

    def begin_telling(self) -> None:
        """Look for first steps anew: those so far are told."""
        self._since = None if self._since is None else torch.full_like(self._since, -1)

    def add(self, waiting: Sequence[tuple[int, StepRecord]]) -> None:
        """Take steps, in their order.

        Args:
            waiting: The number of each, and what it found.
        """
        numbers, records = zip(*waiting, strict=True)
        losses = torch.stack([record.reported for record in records])
        means = torch.stack([record.losses for record in records])
        weights = _wide(_joined([record.weights for record in records], torch.ones_like(losses)))
        objectives = _wide(torch.stack([record.objective for record in records]))
        # The weights tell it of a method that has some.
        idle = _joined([record.is_idle for record in records], torch.zeros_like(objectives, dtype=torch.bool))
        steps = torch.tensor(numbers).to(losses.device, non_blocking=True)
        known = self._first.sizes
        first = torch.zeros_like(losses[0]) if known is None else known.to(losses)
        infinite = torch.full_like(losses[0], torch.inf)
        low = infinite if self._lows is None else self._lows.to(losses)
        high = -infinite if self._highs is None else self._highs.to(losses)
        has_weights = any(record.weights is not None for record in records)
        values = losses, means, weights, objectives, idle, steps, first, low, high
        found = on_arrays(_look, *values, has_weights=has_weights)
        last, since, sums, self._first.sizes, self._lows, self._highs = found
        self._last = last if self._last is None else last.maximum(self._last.to(last.device))
        before = since if self._since is None else self._since.to(since.device)
        self._since = torch.where(before < 0, since, before)
        self._sums = sums if self._sums is None else sums + self._sums.to(sums)

    def begin_epoch(self) -> None:
        """Begin new means."""
        means = self.means
        self._before, self._sums = self._before if means is None else means, None

    @property
    def means(self) -> Tensor | None:
        """Means of losses, weights and objective over the steps of the epoch, shape ``[2 M + 1]``.

        Of a task that was absent in all of them its last, NaN if it has not come; None before the first step.
        """
        if self._sums is None:
            return None
        means = self._sums[0] / self._sums[1]
        return means if self._before is None else torch.where(self._sums[1] > 0, means, self._before.to(means))


def _joined(rows: Sequence[Tensor | None], otherwise: Tensor) -> Tensor:
    """Stack what steps found; a row that a method has not is that of another: weights of 1 leave no task out."""
    if all(row is None for row in rows):
        return otherwise
    return torch.stack([instead if row is None else row for row, instead in zip(rows, otherwise, strict=True)])


def _wide(numbers: Tensor) -> Tensor:
    """As NumPy takes them: without a graph, and no bfloat16."""
    return numbers.detach().to(torch.promote_types(numbers.dtype, torch.float32))


def _look(
    losses: Array,
    means: Array,
    weights: Array,
    objectives: Array,
    idle: Any,
    steps: Any,
    first: Array,
    low: Array,
    high: Array,
    has_weights: bool,
) -> tuple[Any, Any, Array, Array, Array, Array]:
    """Look at ``T`` steps of ``M`` tasks, whose losses are 0 where a task is absent, and their means over ranks NaN.

    Returns:
        The last and the first step of each field of ``TaskSteps``, shape ``[8, M]``; sums of losses, weights and
        objectives, and their numbers, shape ``[2, 2 M + 1]``; how large the first loss of each task was, shape
        ``[M]``, 0 before it has come; the smallest and the largest so far, shape ``[M]``.
    """
    xp = library_of(losses)
    finite = xp.isfinite(losses)
    given = finite & (losses != 0)
    first = _firsts(xp.abs(xp.where(finite, losses, 0.0)), given, first)
    lows, highs = extremes_so_far(losses, low, high)
    fed, starved = fed_and_starved(losses, weights, first, highs - lows) if has_weights else (given, given & False)
    lost = ~finite & ~xp.isfinite(means).any(1)[:, None]
    idle = given & (idle | ~(given & (weights != 0)).any(1))[:, None]
    so = xp.stack([~finite, ~xp.isfinite(weights), losses < 0, given & (weights == 0), fed, starved, lost, idle])
    last = xp.amax(xp.where(so, steps[:, None], -1), 1)
    since = xp.amin(xp.where(so, steps[:, None], NEVER), 1)
    # The weight of a loss that is not finite is 0, and counts. As in a mean of Lightning's a lost step is NaN.
    present = given | (finite & (means == 0))  # a loss of 0 counts, where there is one
    counted = xp.concatenate([present, present | ~finite, xp.ones_like(given[:, :1])], 1)
    objectives = xp.where(lost.any(1), xp.nan, objectives)
    values = xp.concatenate([losses, weights, objectives[:, None]], 1)
    sums = xp.stack([xp.where(counted, values, 0.0).sum(0), xp.ones_like(values[0]) * counted.sum(0)])
    return last, xp.where(since == NEVER, -1, since), sums, first, lows[-1], highs[-1]


def _firsts(sizes: Array, given: Any, first: Array) -> Array:
    xp = library_of(sizes)
    earlier = xp.concatenate([first[None], xp.where(given, sizes, 0.0)])
    come = earlier > 0
    found: Array = xp.where(come & (come.cumsum(0) == 1), earlier, 0.0).sum(0)
    return found
