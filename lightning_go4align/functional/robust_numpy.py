"""A step of RobustGO4Align in host memory: ``loss_history``, ``loss_scale`` and ``shared_risk`` on NumPy's arrays."""

from collections.abc import Mapping

import numpy as np

from lightning_go4align.functional.choice import choose_known_by_numpy
from lightning_go4align.functional.cluster_starts import Floats, Integers
from lightning_go4align.functional.kmeans_numpy import solve_by_numpy
from lightning_go4align.functional.loss_history import is_loss, move_mean, without_outliers
from lightning_go4align.functional.loss_scale import move_scales
from lightning_go4align.functional.shared_risk import of_constant_risk, within_reach


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
        settings: ``smoothing_decay``, ``outlier`` and ``reach``, and those of ``move_scales``.
        criterion: Averaged scores of 1, 2, ... ``K`` groups, moved in place; None: exactly ``K``.
        momentum: Share of the past in them.

    Returns:
        Indicators ``[M]``, group of each task ``[M]``, group weights ``[K]`` and task weights ``[M]``.

    Example:
        >>> names = ("smoothing_decay", "decay", "noise_decay", "least", "most", "floor", "outlier", "reach")
        >>> settings = dict(zip(names, (0.9, 0.99, 0.9, 1.0, 10.0, 1e-3, 30.0, 10.0)))
        >>> weigh_robustly_by_numpy(np.array([1e-6, 2.0, 1e6]), np.zeros((2, 3)), np.zeros((6, 3)), 3, settings)[3]
        array([1.e+06, 5.e-01, 1.e-06])
    """
    of_scales = dict(settings)
    smoothing_decay, reach, outlier = (of_scales.pop(name) for name in ("smoothing_decay", "reach", "outlier"))
    with np.errstate(all="ignore"):  # What is outside the domain of an equation it masks.
        kept = without_outliers(losses, spreads[:3], of_scales["decay"], outlier)
        means[:], levels = move_mean(means, kept, smoothing_decay)
        spreads[:], scales = move_scales(spreads, losses, kept, levels, **of_scales)
        indicators = 1 / scales
        points = np.log(indicators)
        if criterion is None:
            [(assignment, centres)] = solve_by_numpy(points, range(num_groups, num_groups + 1))
        else:
            assignment, centres = choose_known_by_numpy(points, criterion, momentum)
        group_weights = np.exp(centres)
        (shared,) = within_reach(assignment, group_weights[assignment], indicators, reach)
        (weights,) = of_constant_risk(shared, np.where(is_loss(losses), scales, np.nan))
    return indicators, assignment, group_weights, weights
