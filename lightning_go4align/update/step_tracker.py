"""In which step something was last so of each task, found without reading any."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_go4align.functional.arrays import Array, library_of, on_arrays
from lightning_go4align.update.record import StepRecord

STARVING = 1e-3
LEARNED = 1e-2


class StepTracker:
    """Remember in which step something was last so of each task, without reading any number.

    A task starves in a step if its part of the weighted loss, the product of weight and loss, is below a thousandth
    of an even one while its loss is above a hundredth of its first: it is not heard, and has not learned.

    Example:
        >>> from lightning_go4align.update.record import LastSteps
        >>> tracker = StepTracker()
        >>> losses, weights = torch.tensor([[1.0, 2.0], [1.0, torch.nan], [1.0, 2.0]]), torch.tensor([1.0, 0.0])
        >>> tracker.add([(i, StepRecord(("a", "b"), row, row.sum(), row, weights)) for i, row in enumerate(losses)])
        >>> last = LastSteps(*tracker.steps.tolist())
        >>> last.bad_loss, last.unweighted, last.fed, last.starved
        ([-1, 1], [-1, 2], [2, -1], [-1, 2])
    """

    def __init__(self) -> None:
        self._first: Tensor | None = None
        self._last: Tensor | None = None
        self._sums: Tensor | None = None

    @property
    def steps(self) -> Tensor | None:
        """The fields of ``LastSteps``, shape ``[6, M]``, int64; None before the first step."""
        return self._last

    def add(self, waiting: Sequence[tuple[int, StepRecord]]) -> None:
        """Take steps, in their order.

        Args:
            waiting: The number of each, and what it found.
        """
        losses = torch.stack([record.reported for _, record in waiting])
        weights = _wide(torch.stack([_weights(record) for _, record in waiting]))
        objectives = _wide(torch.stack([record.objective for _, record in waiting]))
        steps = torch.tensor([step for step, _ in waiting]).to(losses.device, non_blocking=True)
        first = torch.zeros_like(losses[0]) if self._first is None else self._first.to(losses)
        last, sums, self._first = on_arrays(_look, losses, weights, objectives, steps, first)
        self._last = last if self._last is None else last.maximum(self._last.to(last.device))
        self._sums = sums if self._sums is None else sums + self._sums.to(sums)

    def begin_epoch(self) -> None:
        """Begin new means."""
        self._sums = None

    @property
    def means(self) -> Tensor | None:
        """Means of losses, weights and objective over the steps of the epoch, shape ``[2 M + 1]``.

        NaN for a task that was absent in all of them; None before the first step.
        """
        return None if self._sums is None else self._sums[0] / self._sums[1]


def _weights(record: StepRecord) -> Tensor:
    """Return the weights of a step; a method without any leaves no task out."""
    return torch.ones_like(record.reported) if record.weights is None else record.weights


def _wide(numbers: Tensor) -> Tensor:
    """As NumPy takes them: without a graph, and no bfloat16."""
    return numbers.detach().to(torch.promote_types(numbers.dtype, torch.float32))


def _look(losses: Array, weights: Array, objectives: Array, steps: Any, first: Array) -> tuple[Any, Array, Array]:
    """Look at ``T`` steps of ``M`` tasks, whose losses are 0 where a task is absent.

    Returns:
        The fields of ``LastSteps``, shape ``[6, M]``; sums of losses, weights and objectives, and their numbers,
        shape ``[2, 2 M + 1]``; how large the first loss of each task was, shape ``[M]``, 0 before it has come.
    """
    xp = library_of(losses)
    finite = xp.isfinite(losses)
    given = finite & (losses != 0)
    first = _firsts(xp.abs(xp.where(finite, losses, 0.0)), given, first)
    heard = xp.isfinite(weights)
    parts = xp.abs(xp.where(given & heard, weights * losses, 0.0))
    even = parts.sum(1) / (given.sum(1) + ~given.any(1))
    unheard = given & (parts < STARVING * even[:, None]) & (xp.abs(losses) > LEARNED * first)
    so = xp.stack([~finite, ~heard, losses < 0, given & (weights == 0), given & ~unheard, unheard])
    last = xp.amax(xp.where(so, steps[:, None], -1), 1)
    counted = xp.concatenate([given, given, xp.ones_like(given[:, :1])], 1)
    values = xp.concatenate([losses, weights, objectives[:, None]], 1)
    sums = xp.where(counted, values, 0.0).sum(0)
    return last, xp.stack([sums, xp.ones_like(sums) * counted.sum(0)]), first


def _firsts(sizes: Array, given: Any, first: Array) -> Array:
    xp = library_of(sizes)
    earlier = xp.concatenate([first[None], xp.where(given, sizes, 0.0)])
    come = earlier > 0
    found: Array = xp.where(come & (come.cumsum(0) == 1), earlier, 0.0).sum(0)
    return found
