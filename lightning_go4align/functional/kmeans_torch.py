"""Exact K-means on a line for points on an accelerator: torch, shapes that never depend on values, no host read."""

import torch
from torch import Tensor

from lightning_go4align.functional.kmeans_layers import least_points
from lightning_go4align.functional.partitions import are_few, solve_by_partitions
from lightning_go4align.functional.precision import widest

Solution = tuple[Tensor, Tensor]


def solve_by_torch(points: Tensor, sizes: range) -> list[Solution]:
    """Solve Eq. 3 for each number of clusters in ``sizes``.

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        sizes: Numbers of clusters ``K``, ascending, within ``[1, M]``.

    Returns:
        For each ``K`` the assignment ``[M]`` and the clusters' means ``[K]``, as ``Grouping`` has them.

    Example:
        >>> solve_by_torch(torch.tensor([4.0, 1.0, 4.5, 4.5]), range(2, 3))[0][0]
        tensor([1, 0, 1, 1])
    """
    if sizes == range(points.shape[-1], points.shape[-1] + 1):
        return [solve_apart(points)]
    assignment, means = solve_path_by_torch(points, sizes)
    return [(assignment[index], means[index, :size]) for index, size in enumerate(sizes)]


def solve_path_by_torch(points: Tensor, sizes: range) -> Solution:
    """Solve Eq. 3 for each number of clusters in ``sizes``, for several sets of points at once.

    Args:
        points: Points, shape ``[..., M]``. One that is NaN or infinite belongs to no cluster.
        sizes: Numbers of clusters, ascending, within ``[1, M]``.

    Returns:
        The assignments, shape ``[S, ..., M]``, and the clusters' means, shape ``[S, ..., K]``, with ``S`` the number
        of sizes and ``K`` the largest; those of empty clusters repeat the largest mean.

    Example:
        >>> solve_path_by_torch(torch.tensor([4.0, 1.0, 4.5, 4.5]), range(1, 3))[0]
        tensor([[0, 0, 0, 0],
                [1, 0, 1, 1]])
    """
    points = points.to(widest(points.device))
    ranks, means, numbers = solve_ranks(points, sizes)
    empty = numbers == 0
    largest = means.masked_fill(empty, -torch.inf).amax(-1, keepdim=True).nan_to_num(neginf=0.0)
    return ranks.masked_fill(ranks == sizes[-1], -1), torch.where(empty, largest, means)


def solve_ranks(points: Tensor, sizes: range) -> tuple[Tensor, Tensor, Tensor]:
    """Solve Eq. 3 as ``solve_path_by_torch`` does, and leave the rest to the reader.

    Args:
        points: Points, shape ``[..., M]``, in the widest dtype of their device.
        sizes: Numbers of clusters, ascending, within ``[1, M]``; ``K`` is the largest.

    Returns:
        The cluster of each point, shape ``[S, ..., M]``, ``K`` for an absent one; the clusters' means and their
        numbers of points, shape ``[S, ..., K]``, 0 for an empty one.

    Example:
        >>> solve_ranks(torch.tensor([4.0, torch.nan, 4.5], dtype=torch.float64), range(2, 3))[0]
        tensor([[0, 2, 1]])
    """
    points = points.nan_to_num(torch.inf, torch.inf, torch.inf)
    thresholds = least_points(points, sizes)
    ranks = torch.searchsorted(thresholds, points.expand(len(sizes), *points.shape).contiguous(), right=True)
    members = ranks[..., None, :] == torch.arange(sizes[-1], device=points.device)[:, None]
    numbers = members.sum(-1)
    sums = (points.nan_to_num(posinf=0)[..., None, :] * members).sum(-1)
    return ranks, sums / numbers.clamp(min=1), numbers


def solve_apart(points: Tensor) -> Solution:
    """Solve Eq. 3 for as many clusters as points: one for each value.

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.

    Returns:
        The assignment ``[M]`` and the clusters' means ``[M]``, as ``Grouping`` has them.

    Example:
        >>> solve_apart(torch.tensor([4.0, torch.nan, 1.0, 4.0]))[0]
        tensor([ 1, -1,  0,  1])
    """
    points = points.nan_to_num(torch.inf, torch.inf, torch.inf)
    ordered = points.sort().values
    again = torch.nn.functional.pad(ordered[1:] == ordered[:-1], (1, 0))
    values = ordered.masked_fill(again, torch.inf).sort().values
    ranks = torch.searchsorted(values, points)
    empty = values.isinf()
    largest = values.masked_fill(empty, -torch.inf).amax().nan_to_num(neginf=0.0)
    return ranks.masked_fill(points.isinf(), -1), torch.where(empty, largest, values)


def solve_weighed(points: Tensor, num_clusters: int) -> tuple[Tensor, Tensor, Tensor]:
    """Solve Eq. 3 for group indicators, none of which is negative, in as few operations as can be.

    Args:
        points: Points, shape ``[M]``, at least 0, in the widest dtype of their device. One that is NaN or infinite
            belongs to no cluster.
        num_clusters: ``K``, within ``[1, M]``.

    Returns:
        The assignment ``[M]``, the clusters' means ``[K]``, and the mean of each point's cluster ``[M]``; 0 for an
        absent one.

    Example:
        >>> solve_weighed(torch.tensor([4.0, 1.0, 5.0], dtype=torch.float64), 2)[2]
        tensor([4.5000, 1.0000, 4.5000], dtype=torch.float64)
    """
    apart = num_clusters == len(points)
    # `torch.compile` takes the sizes of one constant for those of another.
    if not apart and are_few(len(points), num_clusters) and not torch.compiler.is_compiling():
        return solve_by_partitions(points, num_clusters)
    [(assignment, means)] = solve_by_torch(points, range(num_clusters, num_clusters + 1))
    return assignment, means, means.gather(0, assignment.clamp(min=0)).masked_fill(assignment < 0, 0)
