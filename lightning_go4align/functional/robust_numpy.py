"""A step of RobustGO4Align in host memory: ``loss_history``, ``loss_scale`` and ``shared_risk`` on NumPy's arrays."""

from collections.abc import Mapping

import numpy as np

from lightning_go4align.functional.choice import choose_known_by_numpy
from lightning_go4align.functional.cluster_starts import Floats, Integers
from lightning_go4align.functional.kmeans_numpy import solve_by_numpy
from lightning_go4align.functional.loss_history import is_loss, move_mean, noise_left, without_outliers
from lightning_go4align.functional.loss_scale import move_scales, relative_variance
from lightning_go4align.functional.shared_risk import of_constant_risk, within_reach
from lightning_go4align.functional.sharing import shrunk

NOT_OF_SCALES = ("smoothing_decay", "reach", "outlier", "shrinks")


def weigh_robustly_by_numpy(
    losses: Floats,
    means: Floats,
    spreads: Floats,
    num_groups: int,
    settings: Mapping[str, float],
    criterion: Floats | None = None,
    momentum: float = 0.0,
) -> tuple[Floats, Integers, Floats, Floats]:
    """Take a step with exactly ``K`` groups, or with as many as there is evidence for.

    Args:
        losses: Task losses, shape ``[M]``.
        means: State of ``ExponentialMean``, shape ``[2, M]``, moved in place.
        spreads: State of ``LevelWithinSpread``, shape ``[6, M]``, moved in place.
        num_groups: ``K``, or the largest number of groups.
        settings: Those of ``move_scales``, ``smoothing_decay``, ``outlier``, ``reach``, and ``shrinks``: whether
            tasks keep what their own indicators tell, see ``shrunk_to_group``, or have one weight per group.
        criterion: Averaged scores of 1, 2, ... ``K`` groups, moved in place; None: exactly ``K``.
        momentum: Share of the past in them.

    Returns:
        Indicators ``[M]``, group of each task ``[M]``, group weights ``[K]`` and task weights ``[M]``.

    Example:
        >>> settings = {"smoothing_decay": 0.9, "decay": 0.99, "noise_decay": 0.9, "least": 1.0, "most": 10.0}
        >>> settings |= {"floor": 1e-3, "outlier": 30.0, "reach": 10.0, "shrinks": True}
        >>> weigh_robustly_by_numpy(np.array([1e-6, 2.0, 1e6]), np.zeros((2, 3)), np.zeros((6, 3)), 3, settings)[3]
        array([1.e+06, 5.e-01, 1.e-06])
    """
    of_scales = dict(settings)
    smoothing_decay, reach, outlier, shrinks = (of_scales.pop(name) for name in NOT_OF_SCALES)
    with np.errstate(all="ignore"):  # What is outside the domain of an equation it masks.
        kept = without_outliers(losses, spreads[:3], of_scales["decay"], outlier)
        means[:], levels = move_mean(means, kept, smoothing_decay)
        spreads[:], scales, noise = move_scales(spreads, losses, kept, levels, **of_scales)
        indicators = 1 / scales
        points = np.log(indicators)
        if criterion is None:
            [(assignment, centres)] = solve_by_numpy(points, range(num_groups, num_groups + 1))
        else:
            assignment, centres = choose_known_by_numpy(points, criterion, momentum)
        group_weights = np.exp(centres)
        if shrinks:
            variances = noise_left(means[1], smoothing_decay) * relative_variance(levels, noise)
            (shared,) = shrunk(assignment, points, centres, variances)
        else:
            shared = np.where(assignment < 0, 0.0, group_weights[assignment])
        (reached,) = within_reach(shared, indicators, reach)
        (weights,) = of_constant_risk(reached, np.where(is_loss(losses), scales, np.nan))
    return indicators, assignment, group_weights, weights
