"""How many groups there are, for indicators in host memory: NumPy."""

import math
from functools import lru_cache

import numpy as np

from lightning_go4align.functional.arrays import extremes
from lightning_go4align.functional.cluster_starts import Floats, Integers, optimal_starts
from lightning_go4align.functional.kmeans_numpy import sorted_present
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
        indicators = np.where((indicators > 0) & (indicators < np.inf), indicators, np.nan)
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
    ordered = sorted_present(points)
    return criterion_of_starts(ordered, optimal_starts(ordered, range(1, max_groups + 1)))


def criterion_of_starts(ordered: Floats, starts: list[list[int]]) -> Floats:
    """Score the groupings into 1, 2, ... groups that start at given places.

    Args:
        ordered: Logarithms of the indicators of the tasks present, ascending.
        starts: Where the groups of each grouping start in them.

    Returns:
        Criterion, as many numbers as groupings.

    Example:
        >>> criterion_of_starts(np.array([-4.6, -4.5, 0.0, 0.1]), [[0], [0, 2]]).argmin() + 1
        np.int64(2)
    """
    number, max_groups = max(len(ordered), 1), len(starts)
    points = ordered - np.add.reduce(ordered) / number
    groups = np.arange(1, max_groups + 1)
    sums, sizes = _sums_and_sizes(points, starts)
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


def _sums_and_sizes(ordered: Floats, starts: list[list[int]]) -> tuple[Floats, Integers]:
    """Of the groups of each grouping, shape ``[max_groups, max_groups]``."""
    borders = np.full((len(starts), len(starts) + 1), len(ordered))
    for row, places in zip(borders, starts, strict=True):
        row[: len(places)] = places
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
