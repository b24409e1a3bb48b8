"""The parts of GO4Align that are methods of their own (Table 3)."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.indicators import Reduction, check_reduction, smoothness_vector, valid_losses
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.precision import widest
from lightning_go4align.methods.sized_by_first_call import SizedByFirstCall


class Smoothness(SizedByFirstCall, Scalarizer):
    r"""Weigh tasks by the smoothness vector alone (Eq. 6; second row of Table 3).

    The other parts are settings of ``GO4Align``: with ``clustering=ungrouped`` each task has its own weight
    :math:`\mathcal P_t \odot \mathcal Q_t`, and with ``beta=0`` besides only the scale vector is left.

    Args:
        beta: Temperature (Eq. 6), at least 0: how fast a task with large losses loses weight.
        reduction: ``"sum"``: weights of sum ``M``; ``"mean"``: of sum 1. As in ``GO4Align`` with equal losses.

    Attributes:
        task_weights: The last task weights, shape ``[M]``.

    Raises:
        ValueError: If ``beta`` is negative.

    Example:
        >>> method = Smoothness(beta=1.0)
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> method.task_weights
        tensor([1.4621, 0.5379], dtype=torch.float64)
    """

    skips_missing: bool = True
    log_smoothness: Tensor | None

    def __init__(self, beta: float = 1e-4, reduction: Reduction = "sum") -> None:
        super().__init__()
        if not 0 <= beta < float("inf"):
            raise ValueError(f"`beta` must be a number of at least 0, but is {beta}. Change it in `model.method`.")
        check_reduction(reduction)
        self.beta = beta
        self.reduction = reduction
        self.register_buffer("log_smoothness", None)
        self.task_weights: Tensor | None = None

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        values = losses.detach().to(widest(losses.device))
        previous = torch.zeros_like(values) if self.log_smoothness is None else self.log_smoothness
        self.log_smoothness = smoothness_vector(previous, values, self.beta)
        total = len(losses) if self.reduction == "sum" else 1
        weights = total * self.log_smoothness.softmax(0)
        self.task_weights = torch.where(valid_losses(values), weights, 0)
        return weighted_risk(losses, self.task_weights)

    @override
    def __repr__(self) -> str:
        return f"Smoothness(beta={self.beta}, reduction={self.reduction!r})"

    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.log_smoothness = self.task_weights = None
