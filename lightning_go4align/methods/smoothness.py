"""The parts of GO4Align that are methods of their own (Table 3)."""

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.functional.indicators import (
    Reduction,
    check_reduction,
    masked_softmax,
    smoothness_vector,
    valid_losses,
)
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.methods.loss_weighted import LossWeighted


class Smoothness(LossWeighted):
    r"""Weigh tasks by the smoothness vector alone (Eq. 6; second row of Table 3).

    The other parts are settings of ``GO4Align``: with ``clustering=ungrouped`` each task has its own weight
    :math:`\mathcal P_t \odot \mathcal Q_t`, and with ``beta=0`` besides only the scale vector is left.

    Args:
        beta: Temperature (Eq. 6), at least 0: how fast a task with large losses loses weight.
        reduction: ``"sum"``: weights that average 1 over the tasks that are present; ``"mean"``: those divided by
            ``M``. As in ``GO4Align`` with equal losses.

    Attributes:
        task_weights: The last task weights, shape ``[M]``.

    Raises:
        TypeError: If ``beta`` is no number, or the losses are no tensor.
        ValueError: If ``beta`` is negative or not finite.

    Example:
        >>> method = Smoothness(beta=1.0)
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> method.task_weights
        tensor([1.4621, 0.5379], dtype=torch.float64)
    """

    why_positive: str = "Eq. 6 takes their sum for a risk: a task whose loss is not has weight 0"
    log_smoothness: Tensor | None

    def __init__(self, beta: float = 1e-4, reduction: Reduction = "sum") -> None:
        super().__init__()
        self.beta = non_negative("beta", beta)
        check_reduction(reduction)
        self.reduction = reduction
        self.register_buffer("log_smoothness", None)

    @override
    def weigh(self, losses: Tensor) -> Tensor:
        previous = torch.zeros_like(losses) if self.log_smoothness is None else self.log_smoothness
        check_number_of_tasks(losses, len(previous))
        self.log_smoothness = smoothness_vector(previous, losses, self.beta)
        present = valid_losses(losses)
        total = len(losses) if self.reduction == "sum" else 1
        return torch.where(present, total * masked_softmax(self.log_smoothness, present), 0)

    @override
    def __repr__(self) -> str:
        return f"Smoothness(beta={self.beta}, reduction={self.reduction!r})"

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.log_smoothness = self.task_weights = None
