"""Parts of ``RobustGO4Align`` that remember some numbers of each task: how losses are smoothed, and their level."""

from abc import abstractmethod

import torch
from torch import Tensor
from torchjd import Stateful
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative, positive
from lightning_go4align.functional.arrays import on_arrays
from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.lasting import movable
from lightning_go4align.functional.loss_history import move_mean
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.methods.lazy_buffers import LazyBuffers


class LossPart(LazyBuffers, Stateful):
    """A part of a method that remembers some numbers of each task.

    Called with vectors of shape ``[M]`` in the device's widest dtype, NaN for an absent task, it returns one; of an
    absent task it returns what it knows from before.

    Attributes:
        state: What it remembers, shape ``[rows, M]``; None before the first call.
    """

    state: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("state", None)

    def remembered(self, values: Tensor, rows: int) -> Tensor:
        """Return the state, which a step may move in place; zeros at first.

        Args:
            values: What the part is called with, shape ``[M]``.
            rows: How many numbers of each task it remembers.

        Returns:
            The state, shape ``[rows, M]``.

        Raises:
            ValueError: If the number of tasks has changed.
            RuntimeError: If it would have to be made while a CUDA graph is captured.
        """
        before = self._buffers["state"]  # An attribute is looked for elsewhere first, which costs dearly.
        if before is None:
            check_not_capturing(values.device)
            state = movable(values.new_zeros((rows, len(values))), values)
        else:
            check_number_of_tasks(values, before.shape[1])
            state = movable(before, values)
        if state is not before:
            self.state = state
        return state

    def without_outliers(self, losses: Tensor) -> Tensor:
        """Return what is to be remembered of losses, shape ``[M]``: these, unless the part knows of outliers."""
        return losses

    def noise_left(self, levels: Tensor) -> Tensor:
        """As a smoothing: how much of the variance of single losses it leaves, shape ``[M]``; infinite if unknown."""
        return torch.full_like(levels, torch.inf)

    def variances(self, levels: Tensor) -> Tensor:
        """As a scale: the relative variance of single losses, shape ``[M]``, from their smoothed ones; as above."""
        return torch.full_like(levels, torch.inf)

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.state = None

    @abstractmethod
    @override
    def extra_repr(self) -> str: ...


class ExponentialMean(LossPart):
    """Smooth losses by an exponential mean without bias at the start, see ``move_mean``.

    Args:
        decay: Share of the past, from 0 (the present loss alone) to below 1. With 0.9 about ten losses count.

    Raises:
        TypeError: If ``decay`` is no number.
        ValueError: If it is out of range.

    Example:
        >>> smoothing = ExponentialMean(decay=0.5)
        >>> [smoothing(torch.tensor([loss], dtype=torch.float64)).item() for loss in (4.0, 1.0)]
        [4.0, 2.0]
    """

    def __init__(self, decay: float = 0.9) -> None:
        super().__init__()
        self.decay = non_negative("decay", decay, below=1)

    @override
    def forward(self, losses: Tensor) -> Tensor:
        state = self.remembered(losses, 2)
        moved, means = on_arrays(move_mean, state, losses, decay=self.decay)
        state.copy_(moved)
        return means

    @override
    def noise_left(self, levels: Tensor) -> Tensor:
        mass = self.remembered(levels, 2)[1]  # 1 - d^t after t losses
        return (1 - self.decay) / (1 + self.decay) * (2 - mass) / mass

    @override
    def extra_repr(self) -> str:
        return f"decay={self.decay}"


class Level(LossPart):
    """Measure a loss by its own size: for positive losses whose zero means that nothing is left to learn.

    Example:
        >>> Level()(torch.tensor([2.0]), torch.tensor([3.0]))
        tensor([3.])
    """

    why_positive: str = "it is their own size that they are measured by: a task whose loss is not has weight 0"

    @override
    def forward(self, losses: Tensor, levels: Tensor) -> Tensor:
        return levels.where(levels > 0, torch.nan)

    @override
    def extra_repr(self) -> str:
        return ""


def check_horizon(name: str, horizon: object) -> float:
    """Take a number of steps to look back.

    Args:
        name: The argument's name.
        horizon: What was given.

    Returns:
        The number.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not above 1, or infinite.

    Example:
        >>> check_horizon("horizon", 100)
        100
    """
    number = positive(name, horizon)
    if number <= 1:
        raise ValueError(f"`{name}` must be above 1 step, but is {horizon!r}.")
    return number
