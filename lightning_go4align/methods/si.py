"""Scale-invariant scalarization."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.indicators import valid_losses
from lightning_go4align.functional.losses import check_losses


class SI(Scalarizer):
    r"""Scale-invariant: minimise the sum of the logarithms of the losses, :math:`\sum_m \log L^m`.

    Each task's weight is :math:`1 / L^m`. TorchJD's ``GeometricMean`` has the same direction, but a step that grows
    with the mean itself. A task whose loss is not positive and finite (NaN marks an absent one) has weight 0.

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
        counted = valid_losses(losses.detach())
        # A NaN must be gone before the logarithm: 0 times its gradient would be NaN.
        return torch.where(counted, losses, 1).log().sum()
