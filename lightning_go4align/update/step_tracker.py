"""In which step something was last so of each task, found without reading any."""

from collections.abc import Sequence

import torch
from torch import Tensor

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
        weights = torch.stack([_weights(record) for _, record in waiting])
        objectives = torch.stack([record.objective for _, record in waiting])
        numbers = torch.tensor([number for number, _ in waiting])
        steps = numbers.to(losses.device, non_blocking=True)[:, None, None]
        last = torch.where(self._so(losses, weights), steps, -1).amax(0)
        self._last = last if self._last is None else last.maximum(self._last.to(last.device))
        self._add_up(torch.cat([losses.nan_to_num(0, 0, 0), weights, objectives[:, None]], 1), losses)

    def _add_up(self, values: Tensor, losses: Tensor) -> None:
        given = losses.isfinite() & (losses != 0)
        ones = torch.ones_like(given[:, :1])
        counted = torch.cat([given, given, ones], 1)
        sums = torch.stack([torch.where(counted, values, 0).sum(0), counted.sum(0).to(values.dtype)])
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

    def _so(self, losses: Tensor, weights: Tensor) -> Tensor:
        """Tell what was so in each of ``T`` steps, shape ``[T, 6, M]``, of losses that are 0 for an absent task."""
        given = losses.isfinite() & (losses != 0)
        parts = torch.where(given & weights.isfinite(), weights * losses, 0).abs()
        even = parts.sum(1, keepdim=True) / given.sum(1, keepdim=True).clamp_min(1)
        unheard = given & (parts < STARVING * even) & (losses.abs() > LEARNED * self._firsts(losses, given))
        return torch.stack(
            [
                losses.isfinite().logical_not(),
                weights.isfinite().logical_not(),
                losses < 0,
                given & (weights == 0),
                given & ~unheard,
                unheard,
            ],
            1,
        )

    def _firsts(self, losses: Tensor, given: Tensor) -> Tensor:
        """Return how large the first loss of each task was, shape ``[M]``; 0 for one that has not come yet."""
        index = given.to(torch.uint8).argmax(0, keepdim=True)
        reference = torch.where(given, losses, 0).gather(0, index)[0].abs()
        first = torch.zeros_like(reference) if self._first is None else self._first.to(reference)
        self._first = torch.where(first == 0, reference, first)
        return self._first


def _weights(record: StepRecord) -> Tensor:
    """Return the weights of a step; a method without any leaves no task out."""
    return torch.ones_like(record.reported) if record.weights is None else record.weights
