"""How many groups there are, for indicators in host memory: NumPy."""

import math
from functools import lru_cache

import numpy as np

from lightning_go4align.functional.arrays import extremes
from lightning_go4align.functional.kmeans_numpy import Floats, Integers, optimal_starts
from lightning_go4align.functional.number_of_groups import SCALE, SHAPE, VARIANCE_OF_CENTRES


def criterion_by_numpy(indicators: Floats, max_groups: int) -> Floats:
    """Score every number of groups, as ``group_number_criterion`` does.

    Args:
        indicators: Group indicators, shape ``[M]``; those that are not positive and finite take no part.
        max_groups: The largest number of groups, from 1 to ``M``.

    Returns:
        Criterion for 1, 2, ... ``max_groups`` groups, shape ``[max_groups]``.

    Example:
        >>> criterion_by_numpy(np.array([0.010, 0.011, 0.012, 0.9, 1.0, 1.1]), 4).argmin() + 1
        np.int64(2)
    """
    least, largest = extremes(indicators)
    if not (least > 0 and largest < np.inf):
        indicators = indicators[(indicators > 0) & (indicators < np.inf)]
    return criterion_of_logarithms(np.log(indicators), max_groups)


def criterion_of_logarithms(points: Floats, max_groups: int) -> Floats:
    """Score every number of groups of indicators whose logarithms are known.

    Args:
        points: Logarithms of the indicators, shape ``[M]``; those that are not finite take no part.
        max_groups: The largest number of groups, from 1 to ``M``.

    Returns:
        Criterion for 1, 2, ... ``max_groups`` groups, shape ``[max_groups]``.

    Example:
        >>> criterion_of_logarithms(np.array([-4.6, -4.5, -4.4, -0.1, 0.0, 0.1, np.nan]), 4).argmin() + 1
        np.int64(2)
    """
    points = points[np.isfinite(points)]
    points.sort()
    number = max(len(points), 1)
    borders = _borders(points, max_groups)
    points -= np.add.reduce(points) / number
    groups = np.arange(1, max_groups + 1)
    sums, sizes = _sums_and_sizes(points, borders)
    gains = sums * sums / np.maximum(sizes, 1)
    squares = np.dot(points, points) - np.add.reduce(gains, 1)
    variance = (SCALE + squares / 2) / (SHAPE + 1 + np.maximum(number - groups, 0) / 2)
    fit = (number + 2 * (SHAPE + 1)) * np.log(variance) + (squares + 2 * SCALE) / variance
    spread = sizes * (VARIANCE_OF_CENTRES / variance)[:, None]
    centres = np.add.reduce(np.log1p(spread) + gains / (variance[:, None] * (1 + spread)), 1)
    factorials = log_factorials(number + max_groups)
    ways = np.add.reduce(factorials[sizes], 1) + factorials[groups - 1] + factorials[groups]
    criterion: Floats = fit + centres - 2 * (ways - factorials[number + groups - 1])
    return criterion


def _borders(ordered: Floats, max_groups: int) -> Integers:
    """Where the groups of the optimal groupings into 1 to ``max_groups`` groups start, and where the last one ends."""
    borders = np.full((max_groups, max_groups + 1), len(ordered))
    for row, starts in enumerate(optimal_starts(ordered, range(1, max_groups + 1)) if len(ordered) else ()):
        borders[row, : len(starts)] = starts
    return borders


def _sums_and_sizes(ordered: Floats, borders: Integers) -> tuple[Floats, Integers]:
    running = np.zeros(len(ordered) + 1)
    np.add.accumulate(ordered, out=running[1:])
    sums = running[borders]
    return sums[:, 1:] - sums[:, :-1], borders[:, 1:] - borders[:, :-1]


@lru_cache(maxsize=64)
def log_factorials(most: int) -> Floats:
    """Tabulate the logarithms of 0!, 1!, ... ``most``!; for reading only.

    Example:
        >>> log_factorials(3).round(3)
        array([0.   , 0.   , 0.693, 1.792])
    """
    return np.array([math.lgamma(number + 1) for number in range(most + 1)])
