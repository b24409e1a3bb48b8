"""A step of RobustGO4Align at once, where its parts are those that it has by itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from lightning_go4align.clustering.logarithmic import AutomaticLogKMeans, log_kmeans_1d
from lightning_go4align.functional.assignment import ungrouped
from lightning_go4align.functional.grouping import Clustering, Grouping, check_num_groups
from lightning_go4align.functional.kmeans_numpy import MOST_POINTS
from lightning_go4align.functional.one_launch import fits_one_launch
from lightning_go4align.functional.robust_numpy import weigh_robustly_by_numpy
from lightning_go4align.functional.robust_torch import weigh_robustly_by_torch
from lightning_go4align.functional.shared_risk import constant_risk
from lightning_go4align.functional.sharing import one_weight_per_group
from lightning_go4align.functional.values import is_readable
from lightning_go4align.functional.weighing import Weighing
from lightning_go4align.methods.level_within_spread import LevelWithinSpread
from lightning_go4align.methods.loss_parts import ExponentialMean

if TYPE_CHECKING:
    from lightning_go4align.methods.robust_go4align import RobustGO4Align


class Parts(NamedTuple):
    """Parts that ``kernels.robust``, ``robust_numpy`` and ``robust_torch`` do the work of.

    Args:
        smoothing: The smoothing.
        scale: The scale.
        clustering: The clustering.
    """

    smoothing: ExponentialMean
    scale: LevelWithinSpread
    clustering: Clustering


def usual_parts(method: "RobustGO4Align") -> Parts | None:
    """Find the parts, if no other one takes a step: a subclass might do anything, so the classes must be these.

    Args:
        method: The method.

    Returns:
        The parts, or None.

    Example:
        >>> from lightning_go4align.methods.robust_go4align import RobustGO4Align
        >>> usual_parts(RobustGO4Align(2)).clustering.__name__, usual_parts(RobustGO4Align(2, scale=max))
        ('log_kmeans_1d', None)
    """
    smoothing, scale, clustering = method.smoothing, method.scale, method.clustering
    functions = method.history, method.normalization, method.sharing
    if functions != (None, constant_risk, one_weight_per_group):
        return None
    if type(smoothing) is not ExponentialMean or type(scale) is not LevelWithinSpread:
        return None
    usual = clustering in (log_kmeans_1d, ungrouped) or type(clustering) is AutomaticLogKMeans
    return Parts(smoothing, scale, clustering) if usual else None


def weigh_at_once(losses: Tensor, parts: Parts, num_groups: int | None, reach: float) -> Weighing:
    """Take the step, in host memory in NumPy, elsewhere in one launch where there can be one.

    Args:
        losses: Task losses, shape ``[M]``, in the widest dtype of their device.
        parts: Whose states are moved in place.
        num_groups: ``K``; None where the clustering chooses it, or each task is alone.
        reach: Largest ratio of a task's weight to its own indicator.

    Returns:
        What it found.

    Raises:
        ValueError: If ``K`` is larger than ``M``.
    """
    smoothing, scale, clustering = parts
    most, scores, momentum = num_groups or len(losses), None, 0.0
    if isinstance(clustering, AutomaticLogKMeans):
        (most, scores), momentum = clustering.scores_of(losses), clustering.momentum
    check_num_groups(most, len(losses))
    most = len(losses) if clustering is ungrouped else most
    settings = scale.settings | {"smoothing_decay": smoothing.decay, "reach": reach}
    states = smoothing.remembered(losses, 2), scale.remembered(losses, 6)
    if is_readable(losses) and len(losses) <= MOST_POINTS:
        found = _weigh_on_host(losses, *states, most, settings, scores, momentum)
    elif not fits_one_launch(losses):
        found = weigh_robustly_by_torch(losses, *states, most, settings, scores, momentum)
    else:
        from lightning_go4align.functional.kernels.launch import Number, weigh_robustly_by_kernel  # Needs Triton.

        found = weigh_robustly_by_kernel(losses, *states, Number(most, scores, momentum), settings)
    indicators, assignment, group_weights, task_weights = found
    return Weighing(indicators, Grouping(assignment, group_weights), task_weights)


def _weigh_on_host(
    losses: Tensor,
    means: Tensor,
    spreads: Tensor,
    num_groups: int,
    settings: Mapping[str, float],
    criterion: Tensor | None,
    momentum: float,
) -> tuple[Tensor, ...]:
    scores = None if criterion is None else criterion.numpy()
    states = means.numpy(), spreads.numpy()
    arrays = weigh_robustly_by_numpy(losses.numpy(), *states, num_groups, settings, scores, momentum)
    return tuple(map(torch.from_numpy, arrays))
