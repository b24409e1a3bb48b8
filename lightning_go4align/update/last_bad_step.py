"""The last step in which a number was not finite, found without reading any."""

import torch
from torch import Tensor

CAPACITY = 64


class LastBadStep:
    """Remember the last step in which each of a step's numbers was not finite.

    Steps wait until somebody asks or there are 64 of them: a step costs next to nothing, and the host reads nothing.

    Example:
        >>> bad = LastBadStep()
        >>> for step in range(3):
        ...     bad.note(step, torch.tensor([1.0, torch.nan if step == 1 else 2.0]), torch.ones(2))
        >>> bad.steps
        tensor([-1,  1, -1, -1])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Tensor, Tensor]] = []
        self._last: Tensor | None = None

    def note(self, step: int, losses: Tensor, weights: Tensor) -> None:
        """Take the numbers of a step; they are the step's own and do not change any more.

        Args:
            step: Its number.
            losses: Task losses, shape ``[M]``.
            weights: Task weights, shape ``[M]``.
        """
        self._waiting.append((step, losses, weights))
        if len(self._waiting) == CAPACITY:
            self._look()

    @property
    def steps(self) -> Tensor | None:
        """The last bad step of each loss, and then of each weight, shape ``[2 M]``, int64; -1 for never."""
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
