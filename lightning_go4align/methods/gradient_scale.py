"""Indicators from gradients instead of risks."""

from torch import Tensor
from torchjd.aggregation import WeightedAggregator, Weighting
from torchjd.linalg import Matrix
from typing_extensions import override

from lightning_go4align.functional.indicators import scale_vector


class GradientScale(WeightedAggregator):
    r"""Weigh tasks by how far the norm of their gradient lies below the others: Eq. 5 of gradients.

    .. math:: p^m = \frac 1 M \sum_i \lVert g^i \rVert \,/\, \lVert g^m \rVert

    In ``GroupedAggregator`` these are group indicators from gradients, which the paper's reviewers asked for. A task
    without gradient has weight 0.

    Example:
        >>> import torch
        >>> GradientScale()(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
        tensor([2., 2.])
    """

    def __init__(self) -> None:
        super().__init__(GradientScaleWeighting())


class GradientScaleWeighting(Weighting[Matrix]):
    """The weights of ``GradientScale``.

    Example:
        >>> import torch
        >>> GradientScaleWeighting()(torch.eye(2))
        tensor([1., 1.])
    """

    @override
    def forward(self, matrix: Tensor, /) -> Tensor:
        norms: Tensor = matrix.detach().norm(dim=1)
        return scale_vector(norms).nan_to_num(nan=0.0)
