"""Adaptive group risk minimization over any scalarizer (Table 7 of the paper)."""

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.grouping import Clustering, Grouping, kmeans_1d
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.gaps import fill_gaps, takes_gaps
from lightning_go4align.methods.learning import learned_parameters
from lightning_go4align.methods.sized_by_first_call import SizedByFirstCall


class GroupedScalarizer(SizedByFirstCall, Scalarizer):
    r"""Let the tasks of a group share one weight, whatever scalarizer the weights come from (Eq. 3 and 4).

    The indicators are the weights that the scalarizer implies, the derivatives of its objective in the losses; each
    task then weighs as much as the centre of its group. What the scalarizer learns (UW's log-variances, FAMO's
    logits) it learns as without groups.

    Args:
        method: The scalarizer whose weights are grouped.
        num_groups: Number of groups ``K``, from 1 to the number of tasks.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last weights of the scalarizer, shape ``[M]``; NaN for an absent task.
        last_losses: The last finite losses, shape ``[M]``, for a scalarizer that does not know of absent tasks.

    Raises:
        ValueError: If ``num_groups`` is below 1 or above the number of tasks.

    Example:
        >>> from torchjd.scalarization import GeometricMean
        >>> method = GroupedScalarizer(GeometricMean(), num_groups=2)
        >>> objective = method(torch.tensor([1.0, 1.25, 100.0]))
        >>> method.indicators, method.task_weights
        (tensor([1.6667, 1.3333, 0.0167]), tensor([1.5000, 1.5000, 0.0167]))
    """

    skips_missing: bool = True
    last_losses: Tensor | None

    def __init__(self, method: Scalarizer, num_groups: int = 2, clustering: Clustering = kmeans_1d) -> None:
        super().__init__()
        if num_groups < 1:
            raise ValueError(f"`num_groups` must be at least 1, but is {num_groups}. Change it in `model.method`.")
        self.method = method
        self.learns = bool(learned_parameters(method))
        self.num_groups = num_groups
        self.clustering = clustering
        self.grouping: Grouping | None = None
        self.task_weights: Tensor | None = None
        self.indicators: Tensor | None = None
        self.register_buffer("last_losses", None)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        leaf = self._taken(losses.detach()).requires_grad_()
        with torch.enable_grad():
            inner: Tensor = self.method(leaf)
            (weights,) = torch.autograd.grad(inner, leaf, retain_graph=self.learns)
        self.indicators = weights.masked_fill(losses.detach().isfinite().logical_not(), torch.nan)
        self.grouping = self.clustering(self.indicators, self.num_groups)
        self.task_weights = self.grouping.task_weights
        objective = weighted_risk(losses, self.task_weights)
        # The difference is 0: it carries the gradient of what the scalarizer learns, and no other.
        return objective + (inner - inner.detach()) if self.learns else objective

    def _taken(self, losses: Tensor) -> Tensor:
        if takes_gaps(self.method):
            return losses.clone()
        self.last_losses = fill_gaps(losses, self.last_losses)
        return self.last_losses.clone()

    @override
    def __repr__(self) -> str:
        clustering = describe_other(self.clustering, kmeans_1d)
        return f"GroupedScalarizer({self.method!r}, num_groups={self.num_groups}{clustering})"
