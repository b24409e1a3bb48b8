"""Adaptive group risk minimization over any scalarizer (Table 7 of the paper)."""

from contextlib import nullcontext

import torch
from torch import Tensor
from torchjd import Stateful
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.assignment import assign_groups, check_clustering
from lightning_go4align.functional.grouping import Clustering, Grouping, kmeans_1d
from lightning_go4align.functional.losses import check_losses, check_number_of_tasks
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.values import is_traced, on_values
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.kinds import check_scalarizer
from lightning_go4align.methods.lazy_buffers import LazyBuffers
from lightning_go4align.methods.learning import learned_parameters
from lightning_go4align.methods.missing import impute_missing, supports_missing
from lightning_go4align.methods.stateful import reset_parts


class GroupedScalarizer(LazyBuffers, Scalarizer, Stateful):
    r"""Let the tasks of a group share one weight, whatever scalarizer the weights come from (Eq. 3 and 4).

    The indicators are the weights that the scalarizer implies, the derivatives of its objective in the losses; each
    task then weighs as much as the centre of its group. What the scalarizer learns (UW's log-variances, FAMO's
    logits) it learns as without groups. Losses may have any shape that the scalarizer takes; what is told of the
    tasks is in the order of ``losses.flatten()``. Under ``torch.vmap`` no state moves, see ``on_values``.

    Args:
        method: The scalarizer whose weights are grouped.
        num_groups: Number of groups ``K``, from 1 to the number of tasks; None: the clustering chooses it.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last weights of the scalarizer, shape ``[M]``; NaN for an absent task.
        last_losses: The last finite losses, for a scalarizer that does not know of absent tasks.

    Raises:
        TypeError: If an argument or the losses are of a wrong kind.
        ValueError: If ``num_groups`` is below 1 or above the number of tasks, or does not go with ``clustering``.

    Example:
        >>> from torchjd.scalarization import GeometricMean
        >>> method = GroupedScalarizer(GeometricMean(), num_groups=2)
        >>> objective = method(torch.tensor([1.0, 1.25, 100.0]))
        >>> method.indicators, method.task_weights
        (tensor([1.6667, 1.3333, 0.0167]), tensor([1.5000, 1.5000, 0.0167]))
    """

    supports_missing: bool = True
    last_losses: Tensor | None

    def __init__(self, method: Scalarizer, num_groups: int | None = 2, clustering: Clustering = kmeans_1d) -> None:
        super().__init__()
        check_scalarizer(method, "Its weights are grouped by `GroupedAggregator`.")
        self.num_groups = check_clustering(num_groups, clustering)
        self.method = method
        self.learns = bool(learned_parameters(method))
        self.clustering = clustering
        self.grouping: Grouping | None = None
        self.task_weights: Tensor | None = None
        self.indicators: Tensor | None = None
        self.register_buffer("last_losses", None)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses)
        weights, inner = on_values(GroupedScalarizer._weigh, self, losses)
        objective = weighted_risk(losses.flatten(), weights)
        # The difference is 0: it carries the gradient of what the scalarizer learns, and no other.
        return objective + (inner - inner.detach()) if self.learns else objective

    def _weigh(self, losses: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step: weigh the tasks, and keep the scalarizer's objective for what it learns."""
        inner, weights = self._differentiate(self._taken(losses))
        self.indicators = weights.masked_fill(losses.isfinite().logical_not(), torch.nan).flatten()
        self.grouping = assign_groups(self.indicators, self.num_groups, self.clustering)
        self.task_weights = self.grouping.task_weights
        return self.task_weights, inner

    def _differentiate(self, losses: Tensor) -> tuple[Tensor, Tensor]:
        """Find the scalarizer's objective and its derivatives in the losses."""
        if is_traced(losses):  # There no graph can be made and left within the step.
            weights, inner = torch.func.grad_and_value(self.method)(losses)
            return inner, weights.detach()
        # What is made in inference has no gradients. A context costs dearly where it is not needed.
        inference = torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext()
        with inference, torch.enable_grad():
            leaf = losses.clone()
            leaf.requires_grad = True  # `requires_grad_()` is refused within torch.func, if only a caller's.
            inner = self.method(leaf)
            (weights,) = torch.autograd.grad(inner, leaf, retain_graph=self.learns)
        return inner, weights

    def _taken(self, losses: Tensor) -> Tensor:
        if supports_missing(self.method):
            return losses
        if self.last_losses is not None:
            check_number_of_tasks(losses, self.last_losses.numel())
        self.last_losses = impute_missing(losses, self.last_losses).clone()  # The caller may reuse its memory.
        return self.last_losses

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and let the scalarizer and the clustering forget them."""
        self.last_losses = None
        self.grouping = self.task_weights = self.indicators = None
        reset_parts(self)

    @override
    def __repr__(self) -> str:
        clustering = describe_other(self.clustering, kmeans_1d)
        return f"GroupedScalarizer({self.method!r}, num_groups={self.num_groups}{clustering})"
