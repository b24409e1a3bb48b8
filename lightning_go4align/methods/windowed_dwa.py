"""Dynamic weight average over windows of steps, as the published tables ran it."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.indicators import valid_losses
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.precision import widest
from lightning_go4align.methods.sized_by_first_call import SizedByFirstCall


class WindowedDWA(SizedByFirstCall, Scalarizer):
    r"""Dynamic weight average (Liu et al., 2019) over sliding windows of steps, as the published tables ran it.

    With :math:`r^m` the mean of a task's last ``window`` losses, the present one included, over the mean of the
    ``window`` before, the objective is :math:`\frac 1 M \sum_m w^m L^m` with

    .. math:: w = M \operatorname{softmax}(r / T)

    TorchJD's ``DWA`` compares the means of the last two epochs and has the sum, :math:`\sum_m w^m L^m`. Before more
    than ``window`` steps have run the weights are 1, and losses before the first count as 1. A task whose loss is
    not positive and finite (NaN marks an absent one) has weight 0 and keeps its windows.

    Args:
        window: Number of steps in a window, at least 1.
        temperature: :math:`T`, positive: the larger, the more equal the weights.

    Attributes:
        task_weights: The last weights of the losses, :math:`w / M`, shape ``[M]``.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> method = WindowedDWA(window=1)
        >>> for losses in ([2.0, 2.0], [2.0, 2.0], [2.0, 1.0]):
        ...     objective = method(torch.tensor(losses))
        >>> method.task_weights  # softmax([1, 0.5] / 2)
        tensor([0.5622, 0.4378], dtype=torch.float64)
    """

    skips_missing: bool = True
    history: Tensor | None
    steps: Tensor | None

    def __init__(self, window: int = 25, temperature: float = 2.0) -> None:
        super().__init__()
        if window < 1 or not temperature > 0:
            raise ValueError(
                f"`window` must be at least 1 and `temperature` positive, but they are {window} and {temperature}. "
                "Change them in `model.method`."
            )
        self.window = window
        self.temperature = temperature
        self.register_buffer("history", None)
        self.register_buffer("steps", None)
        self.task_weights: Tensor | None = None

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        values = losses.detach().to(widest(losses.device))
        present = valid_losses(values)
        if self.history is None or self.steps is None:
            self.history = values.new_ones((2 * self.window, *values.shape))
            self.steps = torch.zeros((), dtype=torch.int64, device=values.device)
        moved = torch.cat([self.history[1:], values[None]])
        self.history = torch.where(present, moved, self.history)
        rates = self.history[self.window :].mean(0) / self.history[: self.window].mean(0)
        shares = (rates / self.temperature).softmax(0)
        shares = torch.where(self.steps > self.window, shares, 1 / len(values))
        self.steps = self.steps + 1
        self.task_weights = torch.where(present, shares, 0)
        return weighted_risk(losses, self.task_weights)

    @override
    def __repr__(self) -> str:
        return f"WindowedDWA(window={self.window}, temperature={self.temperature})"

    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.history = self.steps = self.task_weights = None
