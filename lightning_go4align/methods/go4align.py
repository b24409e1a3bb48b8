"""GO4Align as a TorchJD scalarizer."""

import warnings
from typing import Any, Literal

from torch import Tensor
from typing_extensions import override

from lightning_go4align.clustering.automatic import AutomaticKMeans
from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.functional.assignment import assign_groups, check_clustering
from lightning_go4align.functional.grouping import Clustering, Grouping, kmeans_1d
from lightning_go4align.functional.indicators import Reduction, check_reduction
from lightning_go4align.functional.lasting import lasting_state
from lightning_go4align.functional.one_launch import fits_one_launch
from lightning_go4align.functional.weighing import Weighing, move_indicators, weigh_in_one_launch, weigh_tasks
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.loss_weighted import LossWeighted
from lightning_go4align.methods.stateful import reset_parts


class GO4Align(LossWeighted):
    r"""Balance tasks with one weight per group (GO4Align, NeurIPS 2024).

    At each call the losses become risk-guided group indicators, these are clustered, and each task gets the centre
    of its group as its weight (Eq. 4):

    .. math:: \min_\theta \omega_t^\top \mathcal G_t \hat L(\theta) \quad \text{s.t.} \quad
              \{\omega_t, \mathcal G_t\} = \arg\min_{\omega, \mathcal G}
              \lVert \gamma_t^\top - \omega^\top \mathcal G \rVert^2

    Losses must be positive. A task whose loss is not positive and finite (NaN marks an absent one) has weight 0 in
    that step and keeps its state; a loss of exactly 0 has no gradient to weigh. The other tasks are compared with
    each other as if they were all: their weights average 1 if their losses are alike, whoever is absent.

    Losses may have any shape, as for TorchJD's scalarizers. Under ``torch.vmap`` each row is weighed as the next step
    would be, and the state, which is of one run, does not move.

    Args:
        num_groups: Number of groups ``K``, from 1 to the number of tasks. 1 is a plain sum times a number that varies
            in time; the number of tasks lets each have its own weight. None: the clustering chooses it, as
            ``AutomaticKMeans`` does; ``"auto"`` is a former name for that.
        beta: Temperature of the smoothness vector (Eq. 6), at least 0: how fast a task with large losses loses
            weight. It acts on the losses' running sum and so must shrink with the number of steps.
        reduction: What a loss is compared with (Eq. 5). ``"sum"``: the total of the losses, as in the authors' code;
            if the losses are of like size, the objective is about as large as the plain sum, with weights near 1. A
            loss far below the others weighs far above 1, so that clipping and SGD's learning rate may need tuning.
            ``"mean"``: their average, as the paper has it; the same weights divided by ``M``.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact. One that remembers its
            past, a module, is saved, moved and reset with the method.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last group indicators, shape ``[M]``.

    Raises:
        TypeError: If an argument or the losses are of a wrong kind.
        ValueError: If ``num_groups`` is below 1 or above the number of tasks or does not go with ``clustering``,
            ``beta`` is negative or not finite, or the number of losses changes.

    Example:
        >>> import torch
        >>> method = GO4Align(num_groups=2)
        >>> objective = method(torch.tensor([1.0, 1.1, 100.0]))
        >>> method.grouping.assignment
        tensor([1, 1, 0])
        >>> method.task_weights
        tensor([32.5933, 32.5933,  0.3381], dtype=torch.float64)
    """

    why_positive: str = "Eq. 5 divides by them: a task whose loss is not has weight 0"
    log_smoothness: Tensor | None

    def __init__(
        self,
        num_groups: int | Literal["auto"] | None = 2,
        beta: float = 1e-4,
        reduction: Reduction = "sum",
        clustering: Clustering = kmeans_1d,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        if isinstance(num_groups, str) and num_groups == "auto":
            num_groups, clustering = None, _automatic(clustering)
        self.num_groups = check_clustering(num_groups, clustering)
        self.beta = non_negative("beta", beta)
        self.reduction = reduction
        self.clustering = clustering
        self.register_buffer("log_smoothness", None)
        self.grouping: Grouping | None = None
        self.indicators: Tensor | None = None

    @property
    def smoothness(self) -> Tensor | None:
        """The smoothness vector (Eq. 6), shape ``[M]``, summing to 1; None before the first call."""
        return None if self.log_smoothness is None else self.log_smoothness.softmax(0)

    @override
    def weigh(self, losses: Tensor) -> Tensor:
        before = self._buffers["log_smoothness"]  # An attribute is looked for elsewhere first, which costs dearly.
        state = lasting_state(before, losses)
        if state is not before:
            self.log_smoothness = state
        if self.clustering is kmeans_1d and self.num_groups is not None:
            found = weigh_tasks(losses, state, self.num_groups, self.beta, self.reduction)
        elif isinstance(self.clustering, AutomaticKMeans) and fits_one_launch(losses):
            found = weigh_in_one_launch(
                losses, state, self.beta, self.reduction, *self.clustering.scores_of(losses), self.clustering.momentum
            )
        else:
            indicators = move_indicators(losses, state, self.beta, self.reduction)
            grouping = assign_groups(indicators, self.num_groups, self.clustering)
            found = Weighing(indicators, grouping, grouping.task_weights)
        # As `LossWeighted` keeps the weights.
        vars(self).update(grouping=found.grouping, indicators=found.indicators)
        return found.task_weights

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.log_smoothness = None
        self.grouping = self.task_weights = self.indicators = None
        reset_parts(self)

    @override
    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        if isinstance(self.clustering, AutomaticKMeans) and f"{prefix}criterion" in state_dict:
            former = state_dict.pop(f"{prefix}criterion")  # What `num_groups="auto"` saved.
            state_dict[f"{prefix}clustering.criterion"] = self.clustering.from_former(former)
        super()._load_from_state_dict(state_dict, prefix, *args)

    @override
    def __repr__(self) -> str:
        clustering = describe_other(self.clustering, kmeans_1d)
        return f"GO4Align(num_groups={self.num_groups!r}, beta={self.beta}, reduction={self.reduction!r}{clustering})"


def _automatic(clustering: Clustering) -> AutomaticKMeans:
    if clustering is not kmeans_1d:
        raise ValueError("`num_groups='auto'` needs the exact solver: leave `clustering` out, or give a number.")
    warnings.warn(
        "`num_groups='auto'` will be removed: write `num_groups=None, clustering=AutomaticKMeans()`.",
        FutureWarning,
        stacklevel=3,
    )
    return AutomaticKMeans()
