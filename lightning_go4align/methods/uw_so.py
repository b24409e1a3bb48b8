"""Soft optimal uncertainty weighting."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import positive
from lightning_go4align.functional.indicators import valid_losses
from lightning_go4align.functional.losses import check_losses
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.values import on_values


class UWSO(Scalarizer):
    r"""Soft optimal uncertainty weighting (UW-SO; Kirchdorfer et al., 2024).

    The optimum of uncertainty weighting is :math:`1 / L^m`; here it is softened by a temperature:

    .. math:: w = \operatorname{softmax}\Big(\frac{1}{T L}\Big)

    Weights sum to 1 over the tasks that are present. A task whose loss is not positive and finite (NaN marks an
    absent one) has weight 0. No state: every step is weighed by its own losses, and so depends on their units.

    Args:
        temperature: :math:`T`, positive: the larger, the more equal the weights. To be searched, from 1 to 100.

    Attributes:
        task_weights: The last task weights, shape ``[M]``.

    Raises:
        TypeError: If the losses are no tensor.
        ValueError: If ``temperature`` is not positive.

    Example:
        >>> method = UWSO(temperature=1.0)
        >>> objective = method(torch.tensor([1.0, 0.5]))
        >>> method.task_weights  # softmax([1, 2])
        tensor([0.2689, 0.7311])
    """

    why_positive: str = "it divides by them: a task whose loss is not has weight 0"
    supports_missing: bool = True

    def __init__(self, temperature: float = 10.0) -> None:
        super().__init__()
        self.temperature = positive("temperature", temperature)
        self.task_weights: Tensor | None = None

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses).flatten()
        return weighted_risk(losses, on_values(UWSO._weigh, self, losses))

    def _weigh(self, values: Tensor) -> Tensor:
        counted = valid_losses(values)
        # A loss near 0 would be infinite: the largest float gives it all the weight, as the limit does.
        inverse = (1 / (self.temperature * values)).clamp(max=torch.finfo(values.dtype).max)
        weights = inverse.masked_fill(counted.logical_not(), -torch.inf).softmax(0)
        self.task_weights = torch.where(counted, weights, 0)
        return self.task_weights

    @override
    def __repr__(self) -> str:
        return f"UWSO(temperature={self.temperature})"
