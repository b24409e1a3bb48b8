"""The two solvers of the grouping, and what a grouping costs."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from lightning_go4align.functional.grouping import Grouping, kmeans_1d
from lightning_go4align.functional.kmeans_torch import solve_by_torch


def on_host(points: Tensor, num_clusters: int) -> Grouping:
    return kmeans_1d(points, num_clusters)


def on_device(points: Tensor, num_clusters: int) -> Grouping:
    [(assignment, means)] = solve_by_torch(points, range(num_clusters, num_clusters + 1))
    return Grouping(assignment, means.to(points.dtype))


def optimal_path(points: Tensor, most: int) -> Grouping:
    """The optimal groupings into 1, 2, ... ``most`` clusters, stacked; the last weight is repeated."""
    found = [kmeans_1d(points, number) for number in range(1, most + 1)]
    weights = [pad(one.group_weights[None], (0, most - len(one.group_weights)), "replicate")[0] for one in found]
    return Grouping(torch.stack([one.assignment for one in found]), torch.stack(weights))


def sum_of_squares(points: Tensor, grouping: Grouping) -> Tensor:
    """The value of Eq. 3, one for each grouping of a stack of them; points in no group do not count."""
    distances = points - grouping.task_weights
    return distances.masked_fill(grouping.assignment < 0, 0).square().sum(-1)


SOLVERS = pytest.mark.parametrize("solve", [pytest.param(on_host, id="host"), pytest.param(on_device, id="device")])


def squares(values: Sequence[float]) -> float:
    """Sum of squares around the mean, in two passes, exactly rounded."""
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)


def cost(points: Tensor, grouping: Grouping) -> float:
    values, groups = points.tolist(), grouping.assignment.tolist()
    members = [[v for v, g in zip(values, groups, strict=True) if g == rank] for rank in set(groups) - {-1}]
    return math.fsum(map(squares, members))
