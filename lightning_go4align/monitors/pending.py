"""Steps that wait on the device until the host looks."""

import torch
from torch import Tensor

from lightning_go4align.update import Signals


class Pending:
    """A buffer of steps on the losses' device: one row is written a step, and all are read at once.

    Args:
        capacity: The largest number of steps, at least 1.

    Example:
        >>> from lightning_go4align.functional.grouping import Grouping
        >>> pending = Pending(capacity=2)
        >>> grouping = Grouping(torch.tensor([0, 1]), torch.tensor([0.5, 2.0]))
        >>> pending.add(Signals(torch.tensor([3.0, 1.0]), torch.tensor([0.5, 2.0]), None, grouping))
        >>> pending.full
        False
        >>> groups, weights, indicators, losses = pending.take()
        >>> groups, indicators
        (tensor([[0, 1]]), tensor([[nan, nan]]))
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._rows: Tensor | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether the steps have to be taken before another is added."""
        return self._count == self.capacity

    def add(self, signals: Signals) -> None:
        """Write a step, without a look at its values.

        Args:
            signals: What the step told of its tasks.
        """
        losses = signals.losses.to(torch.float32)
        if self._rows is None or self._rows.device != losses.device:
            self._rows = losses.new_empty(self.capacity, 4, len(losses))
            self._unknown, self._none = torch.full_like(losses, torch.nan), torch.full_like(losses, -1)
        groups = self._none if signals.grouping is None else signals.grouping.assignment
        weights = self._unknown if signals.weights is None else signals.weights
        indicators = self._unknown if signals.indicators is None else signals.indicators
        row = [part.to(losses) for part in (groups, weights, indicators, losses)]
        torch.stack(row, out=self._rows[self._count])
        self._count += 1

    def take(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Copy all steps to the host and forget them.

        Returns:
            Groups, shape ``[T, M]``, int64, -1 for none; weights, indicators and losses, shape ``[T, M]``, float32.
        """
        assert self._rows is not None
        groups, weights, indicators, losses = self._rows[: self._count].cpu().clone().unbind(1)
        self._count = 0
        return groups.to(torch.int64), weights, indicators, losses
