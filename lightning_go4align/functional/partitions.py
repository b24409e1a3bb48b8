"""Exact K-means on a line by trying every partition at once: few operations, where there are few partitions."""

import itertools
import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.precision import widest

MOST_POINTS, MOST_PARTITIONS = 64, 100_000  # At most: about 5 MB of constants, and a few microseconds on a GPU.
NEARLY_NONE = 1e-30  # Added to the size of each interval: an empty one has the mean 0 / NEARLY_NONE.

Solution = tuple[Tensor, Tensor, Tensor]


class Partitions(NamedTuple):
    """All partitions of ``M`` sorted points into at most ``K`` intervals, those of no point at the end.

    Nodes lie between the points, from 0 before the first to ``M`` behind the last; an interval from node ``a`` to
    ``b`` has the number ``a * (M + 1) + b``. Behind the points there is one more, at infinity.

    Args:
        inside: 1 where an interval holds a point, shape ``[(M + 1)^2, M + 1]``.
        sizes: ``NEARLY_NONE`` to add to the sizes, and nothing to two other columns, shape ``[3]``.
        intervals: Of each partition, and an empty one besides, shape ``[P, K + 1]``; first that of one interval.
        starts: Nodes where the second interval and those after it start, the empty one last, shape ``[P, K]``.
        labels: 0 ... K - 1 and, for an absent point, -1, shape ``[K + 1]``.
    """

    inside: Tensor
    sizes: Tensor
    intervals: Tensor
    starts: Tensor
    labels: Tensor


def are_few(num_points: int, num_clusters: int) -> bool:
    """Tell whether partitions can be tried one by one.

    Args:
        num_points: ``M``.
        num_clusters: ``K``.

    Returns:
        True for at most 64 points and 100,000 partitions, such as 40 points in 5 clusters.

    Example:
        >>> are_few(40, 5), are_few(40, 10)
        (True, False)
    """
    number = sum(math.comb(num_points - 1, clusters) for clusters in range(num_clusters))
    return num_points <= MOST_POINTS and number <= MOST_PARTITIONS


def solve_by_partitions(points: Tensor, num_clusters: int) -> Solution:
    """Solve Eq. 3 for points of which none is negative.

    Args:
        points: Points, shape ``[M]``, at least 0, in the widest dtype of their device. One that is NaN or infinite
            belongs to no cluster.
        num_clusters: ``K``, within ``[1, M]``; the partitions must be few.

    Returns:
        The assignment ``[M]``, the clusters' means ``[K]``, as ``Grouping`` has them, and the mean of each point's
        cluster ``[M]``; 0 for an absent one.

    Example:
        >>> solve_by_partitions(torch.tensor([4.0, 1.0, 4.5, 4.5], dtype=torch.float64), 2)[0]
        tensor([1, 0, 1, 1])
    """
    num_points = len(points)
    all_ = _on_device(num_points, num_clusters, points.device)
    points = points.nan_to_num(torch.inf, torch.inf)
    ordered = torch.nn.functional.pad(points, (0, 1), value=torch.inf).sort().values
    present = ordered < torch.inf
    values = ordered.nan_to_num(posinf=0)
    # Moved to [0, 1]: nearly equal points keep their digits, and no square overflows. Equal points become 0 / 0, and
    # of NaN alone the first is the largest: one interval.
    moved = torch.addcmul(values, present, values[0], value=-1)
    columns = torch.stack([present, values, moved / moved.amax()], 1)
    of_intervals = torch.addmm(all_.sizes, all_.inside, columns)
    means = of_intervals[:, 1:] / of_intervals[:, :1]
    gains = of_intervals[:, 2] * means[:, 1]
    # Equal points stay together.
    tied = ordered[1:num_points] <= ordered[: num_points - 1]
    gains.view(num_points + 1, -1)[1:num_points].masked_fill_(tied[:, None], -torch.inf)
    of_partitions = gains.index_select(0, all_.intervals.view(-1)).view(all_.intervals.shape)
    best = of_partitions.sum(1).argmax(0, keepdim=True)
    of_clusters = means[:, 0].index_select(0, all_.intervals.index_select(0, best)[0])
    thresholds = ordered.index_select(0, all_.starts.index_select(0, best)[0])
    ranks = torch.searchsorted(thresholds, points, right=True)
    # The mean of an empty cluster is 0, and means ascend: the largest so far is repeated.
    weights = of_clusters.cummax(0).values[:num_clusters]
    return all_.labels.index_select(0, ranks), weights, of_clusters.index_select(0, ranks)


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]  # torch's
def _constant(num_points: int, num_clusters: int, device: torch.device, name: str) -> Tensor:
    constant: Tensor = getattr(_partitions(num_points, num_clusters, device), name)
    return constant


def _on_device(num_points: int, num_clusters: int, device: torch.device) -> Partitions:
    """One by one: so ``torch.compile`` takes them for constants."""
    return Partitions(*(_constant(num_points, num_clusters, device, name) for name in Partitions._fields))


@cache  # Kept for good: a captured CUDA graph reads them at its every replay.
def _partitions(num_points: int, num_clusters: int, device: torch.device) -> Partitions:
    check_not_capturing(device)
    with torch.inference_mode(False), torch.device("cpu"):
        nodes, points = torch.arange(num_points + 1), torch.arange(num_points + 1)
        inside = (points >= nodes[:, None, None]) & (points < nodes[:, None])
        starts = torch.tensor(_starts(num_points, num_clusters), dtype=torch.int64).view(-1, num_clusters)
        borders = torch.nn.functional.pad(starts, (1, 0))
        borders = torch.nn.functional.pad(borders, (0, 1), value=num_points)
        made = Partitions(
            inside=inside.flatten(0, 1).to(widest(device)),
            sizes=torch.tensor([NEARLY_NONE, 0.0, 0.0], dtype=widest(device)),
            intervals=borders[:, :-1] * (num_points + 1) + borders[:, 1:],
            starts=starts,
            labels=torch.cat([torch.arange(num_clusters), torch.full((1,), -1)]),
        )
        return Partitions(*(constant.to(device).contiguous() for constant in made))


def _starts(num_points: int, num_clusters: int) -> list[tuple[int, ...]]:
    """Nodes where intervals start, but for the first one; those that hold no point, and one more, at the end."""
    return [
        (*chosen, *itertools.repeat(num_points, num_clusters - clusters + 1))
        for clusters in range(1, num_clusters + 1)
        for chosen in itertools.combinations(range(1, num_points), clusters - 1)
    ]
