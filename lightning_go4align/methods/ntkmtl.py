"""Balancing the speeds of tasks by the kernels of their gradients."""

import torch
from torch import Tensor
from torchjd.aggregation import WeightedAggregator, Weighting
from torchjd.linalg import Matrix
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.methods.observation import gradients_in, sum_over_ranks


class NTKMTL(WeightedAggregator):
    r"""Weigh tasks by the square root of the inverse size of their tangent kernel (NTKMTL; Qin et al., NeurIPS 2025).

    With one chunk of the batch, a task's kernel is its squared gradient, and

    .. math:: w^m = M \Big( \frac{\sum_i \lVert g^i \rVert^2}{\lVert g^m \rVert^2} \Big)^{e}

    Parameters of single tasks get the gradient of their plain loss. A task without gradient has weight 0. The factor
    :math:`M` is the reference's; there are as many as rows of the Jacobian.

    Args:
        exponent: :math:`e`, at least 0; the paper has ½.

    Raises:
        ValueError: If ``exponent`` is negative.

    Example:
        >>> NTKMTL()(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))  # 2 * 5 for both
        tensor([10., 10.])
    """

    def __init__(self, exponent: float = 0.5) -> None:
        super().__init__(NTKMTLWeighting(exponent))


class NTKMTLWeighting(Weighting[Matrix]):
    """The weights of ``NTKMTL``.

    Args:
        exponent: At least 0.

    Example:
        >>> NTKMTLWeighting()(torch.eye(4))  # 4 * 4 ** 0.5
        tensor([8., 8., 8., 8.])
    """

    def __init__(self, exponent: float = 0.5) -> None:
        super().__init__()
        self.exponent = non_negative("exponent", exponent)

    @override
    def forward(self, matrix: Tensor, /) -> Tensor:
        kernels: Tensor = matrix.detach().square().sum(1)
        return len(matrix) * inverse_shares(kernels, self.exponent)

    @override
    def __repr__(self) -> str:
        return f"NTKMTLWeighting(exponent={self.exponent})"


class NTKMTLSR(Scalarizer):
    r"""NTKMTL on the shared representation (NTKMTL-SR; Qin et al., NeurIPS 2025): no gradient of the shared network.

    The batch is cut into ``num_chunks``; :math:`J^m` holds, for each chunk, the gradient of the mean loss of task
    :math:`m` over the chunk in the chunk's representation, and :math:`\lambda^m` is the largest eigenvalue of
    :math:`J^m {J^m}^\top`. Then

    .. math:: w^m = \Big( \frac{\sum_i \lambda^i}{\lambda^m} \Big)^{e}

    and one backward pass through the whole network follows :math:`\sum_m w^m L^m`. Losses must be means over the
    batch, whose dimension is the representation's first. Where the batch cannot be cut evenly its rest is left out.
    The module names the heads that get the representation in ``task_heads()``, or returns it beside the losses,
    ``{"task_losses": {...}, "representation": features}``; in a loop of your own call ``observe_representation``.

    Args:
        num_chunks: At least 1; the reference has 4.
        exponent: :math:`e`, at least 0; the paper has ½.

    Attributes:
        task_weights: The last task weights, shape ``[M]``; 0 for a task that is absent or has no gradient.

    Raises:
        ValueError: If an argument is out of range, the batch is smaller than ``num_chunks``, or no representation was
            observed.

    Example:
        >>> features = torch.ones(4, 1, requires_grad=True)
        >>> method = NTKMTLSR(num_chunks=2)
        >>> method.observe_representation(features)
        >>> objective = method(torch.stack([features.mean(), 3 * features.mean()]))
        >>> method.task_weights  # (1 + 9) ** 0.5, and a third of it
        tensor([3.1623, 1.0541])
    """

    supports_missing: bool = True

    def __init__(self, num_chunks: int = 4, exponent: float = 0.5) -> None:
        super().__init__()
        self.num_chunks = as_integer("num_chunks", num_chunks, least=1)
        self.exponent = non_negative("exponent", exponent)
        self.task_weights: Tensor | None = None
        self._representation: Tensor | None = None

    def observe_representation(self, representation: Tensor, /) -> None:
        """Take the shared representation of the batch, shape ``[B, ...]``, with its graph; before each call.

        It is empty on a rank without any task, whose part in the kernels is 0.
        """
        if 0 < len(representation) < self.num_chunks:
            raise ValueError(
                f"`num_chunks` is {self.num_chunks}, but the batch holds {len(representation)}. "
                "Lower it, or drop the last incomplete batch (`drop_last=True`)."
            )
        self._representation = representation

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        gradients, self._representation = gradients_in(self._representation, losses), None
        rows = gradients.shape[1] // self.num_chunks
        size = rows * gradients.shape[2]  # Not -1, which an empty batch leaves open.
        chunks = gradients[:, : rows * self.num_chunks].reshape(len(losses), self.num_chunks, size)
        jacobians = chunks.to(torch.promote_types(chunks.dtype, torch.float32)) * self.num_chunks
        kernels = torch.linalg.eigvalsh(sum_over_ranks(jacobians @ jacobians.mT))[:, -1].clamp(min=0)
        self.task_weights = inverse_shares(kernels, self.exponent)
        return weighted_risk(losses, self.task_weights)

    @override
    def __repr__(self) -> str:
        return f"NTKMTLSR(num_chunks={self.num_chunks}, exponent={self.exponent})"


def inverse_shares(sizes: Tensor, exponent: float) -> Tensor:
    """Raise the inverse of each size's share in the sum to a power; 0 for a size of 0."""
    positive = sizes > 0
    return torch.where(positive, (sizes.sum() / sizes.masked_fill(~positive, 1)).pow(exponent), 0)
