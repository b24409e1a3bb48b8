"""GO4Align as a TorchJD scalarizer."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.grouping import Clustering, Grouping, kmeans_1d, kmeans_1d_path
from lightning_go4align.functional.indicators import (
    Array,
    Reduction,
    check_reduction,
    group_indicators,
    scale_vector,
    smoothness_vector,
    softmax,
)
from lightning_go4align.functional.number_of_groups import group_number_criterion
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.precision import widest
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.sized_by_first_call import SizedByFirstCall

MOST_AUTOMATIC_GROUPS = 8
CRITERION_MOMENTUM = 0.9  # Chosen anew at each step the number of groups flickers on up to a fifth of the steps.


class GO4Align(SizedByFirstCall, Scalarizer):
    r"""Balance tasks with one weight a group (GO4Align, NeurIPS 2024).

    At each call the losses become risk-guided group indicators, these are clustered, and each task gets the centre
    of its group as its weight (Eq. 4):

    .. math:: \min_\theta \omega_t^\top \mathcal G_t \hat L(\theta) \quad \text{s.t.} \quad
              \{\omega_t, \mathcal G_t\} = \arg\min_{\omega, \mathcal G}
              \lVert \gamma_t^\top - \omega^\top \mathcal G \rVert^2

    Losses must be positive. A task whose loss is not positive and finite (NaN marks an absent one) has weight 0 in
    that step and keeps its state; a loss of exactly 0 has no gradient to weigh.

    Args:
        num_groups: Number of groups ``K``, from 1 to the number of tasks; ``"auto"`` chooses up to 8 at each step
            by the evidence for them in the indicators, averaged over about ten steps. 1 is a plain sum
            times a number that varies in time; the number of tasks lets each have its own weight.
        beta: Temperature of the smoothness vector (Eq. 6), at least 0: how fast a task with large losses loses
            weight. It acts on the losses' running sum and so must shrink with the number of steps.
        reduction: What a loss is compared with (Eq. 5). ``"sum"``: the total of the losses, as in the authors' code;
            the objective is about as large as the plain sum, the weights average 1 if the losses are alike, and a
            loss far below the others weighs far above 1, so that clipping and SGD's learning rate may need tuning.
            ``"mean"``: their average, as the paper has it; the same weights divided by ``M``.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last group indicators, shape ``[M]``.

    Raises:
        ValueError: If ``num_groups`` is below 1 or above the number of tasks, ``beta`` negative, or the losses are
            no vector.

    Example:
        >>> method = GO4Align(num_groups=2)
        >>> objective = method(torch.tensor([1.0, 1.1, 100.0]))
        >>> method.grouping.assignment
        tensor([1, 1, 0])
        >>> method.task_weights
        tensor([32.5933, 32.5933,  0.3381], dtype=torch.float64)
    """

    skips_missing: bool = True
    log_smoothness: Tensor | None
    criterion: Tensor | None

    def __init__(
        self,
        num_groups: int | Literal["auto"] = 2,
        beta: float = 1e-4,
        reduction: Reduction = "sum",
        clustering: Clustering = kmeans_1d,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        _check(num_groups, beta, clustering)
        self.num_groups = num_groups
        self.beta = beta
        self.reduction = reduction
        self.clustering = clustering
        self.register_buffer("log_smoothness", None)
        self.register_buffer("criterion", None)
        self.grouping: Grouping | None = None
        self.task_weights: Tensor | None = None
        self.indicators: Tensor | None = None

    @property
    def smoothness(self) -> Tensor | None:
        """The smoothness vector (Eq. 6), shape ``[M]``, summing to 1; None before the first call."""
        return None if self.log_smoothness is None else self.log_smoothness.softmax(0)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        values = losses.detach().to(widest(losses.device))
        state = self._state(values)
        if values.is_cpu:
            with np.errstate(all="ignore"):  # A loss outside the domain is masked, whatever it gives.
                arrays = self._indicators(state.numpy(), values.numpy())
            self.log_smoothness, self.indicators = map(torch.from_numpy, arrays)
        else:
            self.log_smoothness, self.indicators = self._indicators(state, values)
        self.grouping = self._group(self.indicators)
        self.task_weights = self.grouping.task_weights
        return weighted_risk(losses, self.task_weights)

    def _indicators(self, log_previous: Array, losses: Array) -> tuple[Array, Array]:
        log_smoothness = smoothness_vector(log_previous, losses, self.beta)
        return log_smoothness, group_indicators(scale_vector(losses, self.reduction), softmax(log_smoothness))

    def _state(self, values: Tensor) -> Tensor:
        if self.log_smoothness is None:
            return torch.zeros_like(values)
        if self.log_smoothness.shape != values.shape:
            raise ValueError(
                f"`losses` must have the shape {list(self.log_smoothness.shape)} of the first call, one loss a task, "
                f"but has {list(values.shape)}. Mark an absent task with NaN, or call `reset()` for other tasks."
            )
        return self.log_smoothness

    def _group(self, indicators: Tensor) -> Grouping:
        if self.num_groups != "auto":
            return self.clustering(indicators, self.num_groups)
        most = min(MOST_AUTOMATIC_GROUPS, len(indicators))
        criterion = group_number_criterion(indicators, most)
        if self.criterion is not None:
            criterion = torch.lerp(criterion, self.criterion, CRITERION_MOMENTUM)
        self.criterion = criterion
        path, chosen = kmeans_1d_path(indicators, most), criterion.argmin(0, keepdim=True)
        return Grouping(path.assignment.index_select(0, chosen)[0], path.group_weights.index_select(0, chosen)[0])

    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.log_smoothness = self.criterion = None
        self.grouping = self.task_weights = self.indicators = None

    @override
    def __repr__(self) -> str:
        clustering = describe_other(self.clustering, kmeans_1d)
        return f"GO4Align(num_groups={self.num_groups!r}, beta={self.beta}, reduction={self.reduction!r}{clustering})"


def _check(num_groups: int | Literal["auto"], beta: float, clustering: Clustering) -> None:
    if num_groups != "auto" and not (isinstance(num_groups, int) and num_groups >= 1):
        raise ValueError(
            f"`num_groups` must be at least 1 or 'auto', but is {num_groups!r}. Change it in `model.method`."
        )
    if num_groups == "auto" and clustering is not kmeans_1d:
        raise ValueError("`num_groups='auto'` needs the exact solver: leave `clustering` out, or give a number.")
    if not 0 <= beta < float("inf"):
        raise ValueError(f"`beta` must be a number of at least 0, but is {beta}. Change it in `model.method`.")
