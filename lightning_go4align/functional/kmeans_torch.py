"""Exact K-means on a line for points on an accelerator: torch, shapes that never depend on values, no host read."""

import torch
from torch import Tensor

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
    points = points.to(widest(points.device))
    absent = (points.abs() < torch.inf).logical_not()
    points = points.masked_fill(absent, torch.inf)
    ordered = points.sort().values
    # One more point on either side: behind the last, at infinity, empty clusters start.
    bordered = torch.cat([ordered[:1], ordered, torch.full_like(ordered[:1], torch.inf)])
    return [_assign(points, absent, bordered[1:].gather(0, start)) for start in _starts(bordered, sizes)]


def _starts(bordered: Tensor, sizes: range) -> list[Tensor]:
    """Find where each optimal cluster starts, by dynamic programming over the sorted points.

    A cluster gains its sum squared over its size; to maximise the gain is to minimise the sum of squares. Equal
    points end up together because no cluster may start between them.
    """
    sums, counts = _prefixes(bordered)
    forbidden = bordered[1:] <= bordered[:-1]
    layers = [_gain(sums, counts, sums[:1], counts[:1]).masked_fill(forbidden, -torch.inf)]
    choices = []
    gains = _gain(sums[:, None], counts[:, None], sums, counts) if sizes[-1] > 2 else sums
    for _ in range(2, sizes[-1]):
        best, choice = (layers[-1] + gains).max(1)
        layers.append(best.masked_fill(forbidden, -torch.inf))
        choices.append(choice)
    last = _gain(sums[-1:], counts[-1:], sums, counts)
    return [_trace(layers, choices, last, size) for size in sizes]


def _prefixes(bordered: Tensor) -> tuple[Tensor, Tensor]:
    """Sums and counts of the first 0 ... M points, moved to [0, 1].

    So nearly equal points far from 0 keep their digits, and no square overflows.
    """
    absent = bordered[:-1] == torch.inf
    moved = (bordered[:-1] - bordered[:1]).masked_fill(absent, 0)
    moved = moved / moved.amax().clamp(min=torch.finfo(moved.dtype).tiny)
    counts = absent.logical_not().cumsum(0)
    if torch.are_deterministic_algorithms_enabled():  # CUDA's cumsum of floats is not deterministic.
        return moved.expand(len(moved), -1).tril().sum(1), counts
    return moved.cumsum(0), counts


def _gain(end_sums: Tensor, end_counts: Tensor, start_sums: Tensor, start_counts: Tensor) -> Tensor:
    """Gain of the clusters from each start to each end; minus infinity where one would end before it starts."""
    sizes = end_counts - start_counts
    return ((end_sums - start_sums).square() / sizes.clamp(min=1)).masked_fill(sizes < 0, -torch.inf)


def _trace(layers: list[Tensor], choices: list[Tensor], last: Tensor, size: int) -> Tensor:
    """Follow the best starts of ``size`` clusters back from the last point."""
    first = torch.zeros(1, dtype=torch.int64, device=last.device)
    if size == 1:
        return first
    starts = [(layers[size - 2] + last).argmax(0, keepdim=True)]
    for choice in reversed(choices[: size - 2]):
        starts.append(choice.gather(0, starts[-1]))
    return torch.cat([first, *reversed(starts)])


def _assign(points: Tensor, absent: Tensor, thresholds: Tensor) -> Solution:
    """Put each point into the last cluster whose first point it does not lie below; empty clusters come last."""
    repeated = torch.cat([thresholds.new_zeros(1, dtype=torch.bool), thresholds[1:] == thresholds[:-1]])
    reached = points[:, None] >= thresholds.masked_fill(repeated, torch.inf)
    assignment = (reached.sum(1) - 1).masked_fill(absent, -1)
    members = assignment == torch.arange(len(thresholds), device=points.device)[:, None]
    sizes = members.sum(1)
    means = points.masked_fill(absent, 0).mul(members).sum(1) / sizes.clamp(min=1)
    empty = sizes == 0
    largest = means.masked_fill(empty, -torch.inf).amax().nan_to_num(neginf=0.0)
    return assignment, torch.where(empty, largest, means)
