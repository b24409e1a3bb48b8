"""Exact K-means on a line for points in host memory: NumPy, free to look at the values.

The same optimum as that of ``kmeans_torch``, several times faster on the few numbers that tasks are: what the values
make superfluous (absent points, ties, empty clusters) is left out instead of masked.
"""

import math

import numpy as np
import torch

from lightning_go4align.functional.cluster_starts import Floats, Integers, optimal_starts
from lightning_go4align.functional.kmeans_torch import solve_by_torch

Solution = tuple[Integers, Floats]

MOST_POINTS = 1024  # Above it halving the work at each depth pays.


def solve_by_numpy(points: Floats, sizes: range) -> list[Solution]:
    """Solve Eq. 3 for each number of clusters in ``sizes``.

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        sizes: Numbers of clusters ``K``, ascending, within ``[1, M]``.

    Returns:
        For each ``K`` the assignment ``[M]`` and the clusters' means ``[K]``, as ``Grouping`` has them.

    Example:
        >>> solve_by_numpy(np.array([4.0, 1.0, 4.5, 4.5]), range(2, 3))
        [(array([1, 0, 1, 1]), array([1.        , 4.33333333]))]
    """
    if len(points) > MOST_POINTS:
        return [(a.numpy(), m.numpy()) for a, m in solve_by_torch(torch.from_numpy(points), sizes)]
    ordered = sorted_present(points)
    return [
        solution(points, ordered, starts, size)
        for starts, size in zip(optimal_starts(ordered, sizes), sizes, strict=True)
    ]


def sorted_present(points: Floats) -> Floats:
    """Sort the points that belong to a cluster.

    Args:
        points: Points, shape ``[M]``.

    Returns:
        The finite ones, ascending.

    Example:
        >>> sorted_present(np.array([3.0, np.nan, 1.0]))
        array([1., 3.])
    """
    ordered = points.copy()
    ordered.sort()
    if math.isfinite(ordered.item(0)) and math.isfinite(ordered.item(-1)):
        return ordered
    return ordered[np.isfinite(ordered)]


def solution(points: Floats, ordered: Floats, starts: list[int], size: int) -> Solution:
    """Lay out the clusters that start at given places.

    Args:
        points: Points, shape ``[M]``.
        ordered: What ``sorted_present`` makes of them.
        starts: Where each cluster starts in them.
        size: Number of clusters, some of which may be empty.

    Returns:
        The assignment and the means, as ``solve_by_numpy`` does.

    Example:
        >>> solution(np.array([3.0, np.nan, 1.0]), np.array([1.0, 3.0]), [0, 1], 2)
        (array([ 1, -1,  0]), array([1., 3.]))
    """
    if len(ordered) == 0:
        return np.full(len(points), -1), np.zeros(size)
    borders = np.array([*starts, len(ordered)])
    first = borders[:-1]
    means = np.add.reduceat(ordered, first)
    means /= borders[1:] - first
    assignment = ordered[first[1:]].searchsorted(points, "right")
    if len(ordered) < len(points):
        assignment[~np.isfinite(points)] = -1
    return assignment, _fill(means, size)


def _fill(means: Floats, size: int) -> Floats:
    """Let the weights of empty clusters repeat the largest."""
    return means if len(means) == size else np.append(means, np.full(size - len(means), means[-1]))
