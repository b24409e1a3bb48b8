"""Dynamic weight average over windows of steps, as the published tables ran it."""

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, positive
from lightning_go4align.functional.indicators import masked_softmax, valid_losses
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.methods.loss_weighted import LossWeighted


class WindowedDWA(LossWeighted):
    r"""Dynamic weight average (Liu et al., 2019) over sliding windows of steps, as the published tables ran it.

    With :math:`r^m` the mean of a task's last ``window`` losses, the present one included, over the mean of the
    ``window`` before, the objective is :math:`\frac 1 M \sum_m w^m L^m` with

    .. math:: w = M \operatorname{softmax}(r / T)

    TorchJD's ``DWA`` compares the means of the last two epochs and has the sum, :math:`\sum_m w^m L^m`. Before more
    than ``window`` of its losses have come :math:`r^m` is 1. Losses before the first step count as 1, and those of a
    task that comes later as its first one. A task whose loss is not positive and finite (NaN marks an absent one) has
    weight 0 and keeps its windows; the others share out weights of mean :math:`1 / M` among them.

    Args:
        window: Number of steps in a window, at least 1.
        temperature: :math:`T`, positive: the larger, the more equal the weights.

    Attributes:
        task_weights: The last weights of the losses, :math:`w / M`, shape ``[M]``.

    Raises:
        TypeError: If an argument is no number, or the losses are no tensor.
        ValueError: If an argument is out of range.

    Example:
        >>> method = WindowedDWA(window=1)
        >>> for losses in ([2.0, 2.0], [2.0, 2.0], [2.0, 1.0]):
        ...     objective = method(torch.tensor(losses))
        >>> method.task_weights  # softmax([1, 0.5] / 2)
        tensor([0.5622, 0.4378], dtype=torch.float64)
    """

    why_positive: str = "it divides by them: a task whose loss is not has weight 0"
    history: Tensor | None
    steps: Tensor | None

    def __init__(self, window: int = 25, temperature: float = 2.0) -> None:
        super().__init__()
        self.window = as_integer("window", window, least=1)
        self.temperature = positive("temperature", temperature)
        self.register_buffer("history", None)
        self.register_buffer("steps", None)

    @override
    def weigh(self, losses: Tensor) -> Tensor:
        if self.history is None or self.steps is None:
            self.history = losses.new_ones((2 * self.window, *losses.shape))
            self.steps = torch.zeros_like(losses, dtype=torch.int64)
        check_number_of_tasks(losses, self.history.shape[1])
        present = valid_losses(losses)
        comes_late = present & (self.steps == 0) & (self.steps > 0).any()
        history = torch.where(comes_late, losses, self.history)
        self.history = torch.where(present, torch.cat([history[1:], losses[None]]), history)
        rates = self.history[self.window :].mean(0) / self.history[: self.window].mean(0)
        rates = torch.where(self.steps > self.window, rates, 1)
        shares = masked_softmax(rates / self.temperature, present)
        self.steps = self.steps + present
        return torch.where(present, shares, 0)

    @override
    def __repr__(self) -> str:
        return f"WindowedDWA(window={self.window}, temperature={self.temperature})"

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.history = self.steps = self.task_weights = None
