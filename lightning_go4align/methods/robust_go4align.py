"""GO4Align for losses of any unit and sign, and runs of any length."""

from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.clustering.logarithmic import AutomaticLogKMeans, log_kmeans_1d
from lightning_go4align.functional.arguments import check_callable, positive
from lightning_go4align.functional.arrays import on_arrays
from lightning_go4align.functional.assignment import assign_groups, check_clustering
from lightning_go4align.functional.grouping import Clustering, Grouping
from lightning_go4align.functional.loss_history import LARGEST
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.functional.shared_risk import constant_risk, within_reach
from lightning_go4align.functional.sharing import one_weight_per_group
from lightning_go4align.functional.values import is_traced
from lightning_go4align.methods.description import describe
from lightning_go4align.methods.level_within_spread import LevelWithinSpread
from lightning_go4align.methods.loss_parts import ExponentialMean, LossPart
from lightning_go4align.methods.loss_weighted import LossWeighted
from lightning_go4align.methods.robust_launch import usual_parts, weigh_at_once
from lightning_go4align.methods.stateful import reset_parts


class RobustGO4Align(LossWeighted):
    r"""Balance tasks with one weight per group, for losses of any unit and sign, and runs of any length.

    The paper's indicators (Eq. 5 to 7) compare raw losses and add them up, so that a task's weight depends on its
    unit and on the length of the run, and is 0 where a loss is negative. Here each task has a scale of its own:

    .. math:: \gamma^m = \frac{q^m}{S^m}, \qquad
              \{\omega, \mathcal G\} = \arg\min \lVert \log \gamma^\top - \log \omega^\top \mathcal G \rVert^2, \qquad
              \sum_m w^m S^m = M

    with the scale :math:`S` of the smoothed loss in place of Eq. 5, the progress :math:`q` in place of Eq. 6 (1
    unless ``history`` is given), groups by ratio, and a risk that is constant in time, so that a learning rate means
    the same throughout. A task's weight is its group's as far as that lies within ``reach`` of its own indicator.

    Multiplying a task's losses by a constant multiplies its indicator by the inverse: with a group for each task what
    it contributes stays the same to rounding; with shared groups no task's share, :math:`w^m S^m / M`, is below one
    over ``reach`` squared of an even one.

    An absent task (NaN), or one whose loss is not finite, has weight 0 in that step, keeps its state and stays in
    its group; the others contribute as much as beside all. A loss of exactly 0, of a margin that is met or a batch
    without labels, is not remembered either. Losses may have any shape, as for TorchJD's scalarizers.

    Args:
        num_groups: Number of groups ``K``, from 1 to the number of tasks. None: as many as there is evidence for, or,
            with ``clustering=ungrouped``, as there are tasks.
        clustering: Solver of Eq. 3, ``(indicators [M], K) -> Grouping``. None: exact K-means of the logarithms,
            ``AutomaticLogKMeans`` if ``num_groups`` is None and ``log_kmeans_1d`` otherwise.
        smoothing: Means of the losses so far, ``losses [M] -> [M]``. None: ``ExponentialMean(0.9)``.
        scale: What a loss is measured on, ``(losses [M], smoothed losses [M]) -> [M]``, NaN where nothing is known.
            None: ``LevelWithinSpread()``, for losses of any sign; ``Level()`` for those whose zero is known.
        history: Factors of the indicators, ``(losses [M], scales [M]) -> [M]``, as ``RelativeHistory``. None: 1.
        normalization: How large the weights are together, ``(weights [M], scales [M]) -> weights [M]``.
        reach: Largest ratio of a task's weight to its own indicator, up to a common factor, at least 1. With 1 each
            task has its own weight, and the groups only show which tasks travel together.
        sharing: Weights of the tasks from those of their groups, ``(grouping, indicators [M], variances of their
            logarithms [M]) -> weights [M]``; with ``shrunk_to_group`` tasks keep what their own losses tell.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last group indicators, shape ``[M]``.

    Raises:
        TypeError: If an argument or the losses are of a wrong kind.
        ValueError: If an argument is out of range, ``num_groups`` does not go with ``clustering``, or the number of
            losses changes.

    Example:
        >>> import torch
        >>> method = RobustGO4Align()
        >>> objective = method(torch.tensor([1e-6, 2.0, 1e6]))
        >>> method.task_weights  # a third of the three tasks' risk each
        tensor([1.0000e+06, 5.0000e-01, 1.0000e-06], dtype=torch.float64)
        >>> from lightning_go4align.clustering import ungrouped
        >>> each_task_alone = RobustGO4Align(clustering=ungrouped)
    """

    def __init__(
        self,
        num_groups: int | None = None,
        clustering: Clustering | None = None,
        smoothing: LossPart | None = None,
        scale: LossPart | None = None,
        history: LossPart | None = None,
        normalization: Callable[[Tensor, Tensor], Tensor] = constant_risk,
        reach: float = 10.0,
        sharing: Callable[[Grouping, Tensor, Tensor], Tensor] = one_weight_per_group,
    ) -> None:
        super().__init__()
        if clustering is None:
            clustering = AutomaticLogKMeans() if num_groups is None else log_kmeans_1d
        self.num_groups = check_clustering(num_groups, clustering)
        self.clustering = clustering
        self.smoothing = ExponentialMean() if smoothing is None else smoothing
        self.scale = LevelWithinSpread() if scale is None else scale
        self.history = history
        check_callable("smoothing", self.smoothing, "ExponentialMean()")
        check_callable("scale", self.scale, "LevelWithinSpread()")
        if history is not None:
            check_callable("history", history, "RelativeHistory()")
        check_callable("normalization", normalization, "constant_risk")
        self.normalization = normalization
        check_callable("sharing", sharing, "shrunk_to_group")
        self.sharing = sharing
        self.reach = positive("reach", reach)
        if self.reach < 1:
            raise ValueError(f"`reach` must be at least 1, but is {reach!r}.")
        self.grouping: Grouping | None = None
        self.indicators: Tensor | None = None

    @override
    def weigh(self, losses: Tensor) -> Tensor:
        if self.indicators is not None:
            check_number_of_tasks(losses, len(self.indicators))
        if not is_traced(losses) and (parts := usual_parts(self)) is not None:
            found = weigh_at_once(losses, parts, self.num_groups, self.reach)
            vars(self).update(grouping=found.grouping, indicators=found.indicators)
            return found.task_weights
        kept = self.scale.without_outliers(losses) if isinstance(self.scale, LossPart) else losses
        levels = self.smoothing(kept)
        scales = self.scale(losses, levels)
        factors = None if self.history is None else self.history(losses, scales)
        self.indicators = scales.reciprocal() if factors is None else factors / scales
        self.grouping = assign_groups(self.indicators, self.num_groups, self.clustering)
        weights = self.sharing(self.grouping, self.indicators, self._variances(levels))
        (weights,) = on_arrays(within_reach, self.grouping.assignment, weights, self.indicators, reach=self.reach)
        present = losses.abs() < LARGEST
        return self.normalization(weights, scales.where(present, float("nan")))

    def _variances(self, levels: Tensor) -> Tensor:
        known = isinstance(self.smoothing, LossPart) and isinstance(self.scale, LossPart)
        unknown = torch.full_like(levels, torch.inf)
        return self.smoothing.noise_left(levels) * self.scale.variances(levels) if known else unknown

    @override
    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.grouping = self.task_weights = self.indicators = None
        reset_parts(self)

    @override
    def __repr__(self) -> str:
        parts = ("clustering", "smoothing", "scale", "history", "sharing", "normalization")
        named = ", ".join(f"{name}={_in_words(getattr(self, name))}" for name in parts)
        return f"RobustGO4Align(num_groups={self.num_groups}, {named}, reach={self.reach})"


def _in_words(part: Callable[..., object] | None) -> str:
    return "None" if part is None else describe(part)
