"""Balance losses by their logarithm and gradients by their norm."""

import torch
from torch import Tensor
from torchjd import Stateful
from torchjd.aggregation import Aggregator
from torchjd.linalg import Matrix
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.methods.lazy_buffers import LazyBuffers

EPSILON = 1e-8  # Of the reference, beside the loss in the logarithm.


class DBMTL(LazyBuffers, Aggregator, Stateful):
    r"""Dual balancing (DB-MTL; Lin et al., 2023): losses by their logarithm, gradients to the largest norm.

    With :math:`g^m` the gradient of :math:`\log(L^m + 10^{-8})` each task keeps an exponential mean, and all are
    brought to the norm of the largest:

    .. math:: \tilde g^m_t = g^m + \frac{\beta}{t^\sigma} \big( \tilde g^m_{t-1} - g^m \big), \qquad
              g = \sum_m \frac{\max_i \lVert \tilde g^i \rVert}{\lVert \tilde g^m \rVert} \, \tilde g^m

    Parameters of single tasks get the gradient of the logarithm, too. The losses come by ``observe_losses``, which
    ``MultiTaskCallback`` calls; they must be positive. A task without a row in the step, or with a loss of
    exactly 0, keeps its mean and takes no part: the mean of a margin that is met would be brought to the largest norm
    for ever. The means are as large as the Jacobian, ``M`` times the shared parameters; ``beta=0`` keeps none.

    Args:
        beta: :math:`\beta`, in [0, 1); the reference has 0.9.
        sigma: :math:`\sigma`, at least 0: how fast the mean's memory fades; the reference searches 0 to 1.

    Raises:
        ValueError: If an argument is out of range, or the losses were not observed.

    Example:
        >>> aggregator = DBMTL(beta=0.0)
        >>> aggregator.observe_losses(torch.tensor([1.0, 2.0]))
        >>> aggregator(torch.tensor([[3.0, 0.0], [0.0, 2.0]]))  # 3 / 1 and 2 / 2, both brought to 3
        tensor([3., 3.])
    """

    why_positive: str = "it takes the gradients of their logarithms"
    means: Tensor | None
    steps: Tensor | None

    def __init__(self, beta: float = 0.9, sigma: float = 0.0) -> None:
        super().__init__()
        self.beta, self.sigma = non_negative("beta", beta, below=1), non_negative("sigma", sigma)
        self.register_buffer("means", None)
        self.register_buffer("steps", None)
        self.head_weights: Tensor | None = None
        self._losses: Tensor | None = None

    def observe_losses(self, losses: Tensor, /) -> None:
        """Take the losses of the step, shape ``[M]``, detached; NaN for an absent task. Before each call."""
        self._losses = losses

    @override
    def forward(self, matrix: Matrix, /) -> Tensor:
        losses, self._losses = self._losses, None
        if losses is None:
            raise ValueError(
                "DB-MTL weighs gradients by their losses. Call `observe_losses(losses)` before each call."
            )
        rows = losses.isfinite().nonzero()[:, 0]
        if len(rows) != len(matrix):
            raise ValueError(
                f"The Jacobian must have a row for each of the {len(rows)} finite losses, but has {len(matrix)}."
            )
        present = losses.index_select(0, rows).to(matrix)
        told, self.head_weights = present != 0, 1 / (present + EPSILON)
        gradients = self._averaged(matrix * self.head_weights[:, None], told, rows, len(losses))
        norms = gradients.norm(dim=1, keepdim=True) * told[:, None]
        scaled = gradients * torch.where(norms > 0, norms.max() / norms.clamp(min=torch.finfo(norms.dtype).tiny), 0)
        return scaled.sum(0)

    def _averaged(self, gradients: Tensor, told: Tensor, rows: Tensor, number: int) -> Tensor:
        if self.beta == 0:
            return gradients
        if self.means is None or self.steps is None:
            self.means = gradients.new_zeros(number, gradients.shape[1])
            self.steps = torch.zeros(number, dtype=torch.int64, device=gradients.device)
        steps = self.steps.index_select(0, rows) + told
        kept = torch.where(steps == 1, 0, self.beta / steps.to(gradients).pow(self.sigma)).where(told, 1.0)
        means = gradients.lerp(self.means.index_select(0, rows), kept[:, None])
        self.means, self.steps = self.means.index_copy(0, rows, means), self.steps.index_copy(0, rows, steps)
        return means

    @override
    def reset(self) -> None:
        """Forget the gradients seen so far, and with them the number of tasks."""
        self.means = self.steps = self.head_weights = self._losses = None

    @override
    def __repr__(self) -> str:
        return f"DBMTL(beta={self.beta}, sigma={self.sigma})"
