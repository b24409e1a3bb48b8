"""Steps that wait on the device until the host looks."""

import torch
from torch import Tensor

from lightning_go4align.update import Signals


class Pending:
    """Signals of steps, kept where they are and copied to the host all at once.

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
        self._steps: list[Signals] = []

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def full(self) -> bool:
        """Whether the steps have to be taken before another is added."""
        return len(self._steps) == self.capacity

    def add(self, signals: Signals) -> None:
        """Keep a step; neither the host nor the device works.

        Args:
            signals: What the step told of its tasks; its tensors are the step's own and do not change any more.
        """
        self._steps.append(signals)

    def take(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Copy all steps to the host and forget them.

        Returns:
            Groups, shape ``[T, M]``, int64, -1 for none; weights, indicators and losses, shape ``[T, M]``, float32.
        """
        steps, self._steps = self._steps, []
        losses = torch.stack([step.losses for step in steps]).to(torch.float32)
        unknown, none = torch.full_like(losses[0], torch.nan), torch.full_like(losses[0], -1)
        groups = [none if step.grouping is None else step.grouping.assignment for step in steps]
        weights = [unknown if step.weights is None else step.weights for step in steps]
        indicators = [unknown if step.indicators is None else step.indicators for step in steps]
        parts = [torch.stack(part).to(torch.float32) for part in (groups, weights, indicators)]
        whole = torch.stack([*parts, losses]).cpu()
        return whole[0].to(torch.int64), whole[1], whole[2], whole[3]
