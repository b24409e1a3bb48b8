"""The two solvers of the grouping, and what a grouping costs."""

import math
from collections.abc import Sequence

import pytest
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping, kmeans_1d
from lightning_go4align.functional.kmeans_torch import solve_by_torch


def on_host(points: Tensor, num_clusters: int) -> Grouping:
    return kmeans_1d(points, num_clusters)


def on_device(points: Tensor, num_clusters: int) -> Grouping:
    [(assignment, means)] = solve_by_torch(points, range(num_clusters, num_clusters + 1))
    return Grouping(assignment, means.to(points.dtype))


SOLVERS = pytest.mark.parametrize("solve", [pytest.param(on_host, id="host"), pytest.param(on_device, id="device")])


def squares(values: Sequence[float]) -> float:
    """Sum of squares around the mean, in two passes, exactly rounded."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)


def cost(points: Tensor, grouping: Grouping) -> float:
    values, groups = points.tolist(), grouping.assignment.tolist()
    members = [[v for v, g in zip(values, groups, strict=True) if g == rank] for rank in set(groups) - {-1}]
    return math.fsum(map(squares, members))
