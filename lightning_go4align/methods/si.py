"""Scale-invariant scalarization."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arrays import extremes
from lightning_go4align.functional.indicators import valid_losses
from lightning_go4align.functional.losses import check_losses
from lightning_go4align.functional.values import is_readable


class SI(Scalarizer):
    r"""Scale-invariant: minimise the sum of the logarithms of the losses, :math:`\sum_m \log L^m`.

    Each task's weight is :math:`1 / L^m`, or the largest of the losses' dtype where that is beyond it. TorchJD's
    ``GeometricMean`` has the same direction, but a step that grows with the mean itself. A task whose loss is not
    positive and finite (NaN marks an absent one) has weight 0.

    Example:
        >>> losses = torch.tensor([0.5, 4.0], requires_grad=True)
        >>> SI()(losses).backward()
        >>> losses.grad
        tensor([2.0000, 0.2500])
    """

    why_positive: str = "it takes their logarithm: a task whose loss is not has weight 0"
    supports_missing: bool = True

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses)
        values, least = losses.detach(), _LEAST.get(losses.dtype, 0.0)
        if _are_usual(values, least):
            return losses.log().sum()
        # A NaN must be gone before the logarithm: 0 times its gradient would be NaN.
        taken = torch.where(valid_losses(values), losses, 1)
        known = taken.detach()
        floor = known.clamp(min=least)
        # The gradient is that of the floor, the value that of the loss: elsewhere a 0 is added to both.
        return ((taken + (floor - known)).log() + (known.log() - floor.log())).sum()


def _are_usual(values: Tensor, least: float) -> bool:
    """Tell whether losses in host memory have a logarithm and a finite weight, all of them."""
    if values.dtype == torch.bfloat16 or not is_readable(values):  # NumPy lacks bfloat16.
        return False
    smallest, largest = extremes(values.numpy())
    return smallest >= least and largest < torch.inf and smallest > 0


def _least(dtype: torch.dtype) -> float:
    """Find the smallest number of a dtype whose reciprocal is finite."""
    numbers = torch.finfo(dtype)
    least = torch.tensor(1 / numbers.max, dtype=dtype)
    return float(least if least.reciprocal().isfinite() else least + numbers.tiny * numbers.eps)


_LEAST = {dtype: _least(dtype) for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}
