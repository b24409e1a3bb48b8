"""The dynamic programme behind exact K-means on a line: one layer per cluster, over the sorted points."""

from collections.abc import Callable

import torch
from torch import Tensor

from lightning_go4align.functional.divide_and_conquer import best_by_halves
from lightning_go4align.functional.prefix_sums import prefix_sums

MOST_POINTS = 256  # Above it no matrix of all intervals is made.

Layer = Callable[[Tensor], tuple[Tensor, Tensor]]


def least_points(points: Tensor, sizes: range) -> Tensor:
    """Find where the optimal clusters start.

    A cluster gains its sum squared over its size; to maximise the gain is to minimise the sum of squares. Node ``j``
    lies below the ``j`` largest points. A layer holds for each node the most that the points above it can gain with
    so many clusters, and the node above the lightest of them. Of equal gains the first is taken, the one nearest to
    the largest points: so clusters of no point come last.

    Args:
        points: Points, shape ``[M]`` or ``[B, M]``; infinity for an absent one.
        sizes: Numbers of clusters, ascending, within ``[1, M]``.

    Returns:
        The least point of each cluster but the first, ascending, and infinity for those that there are not and once
        more at the end: shape ``[S, K]`` or ``[S, B, K]``, with ``S`` the number of sizes and ``K`` the largest.

    Example:
        >>> least_points(torch.tensor([4.0, 1.0, 4.5]), range(2, 3))
        tensor([[4., inf]])
    """
    many = points.shape[-1] > MOST_POINTS
    if many and points.ndim > 1:
        return torch.stack([least_points(row, sizes) for row in points], 1)
    ordered = torch.nn.functional.pad(points, (1, 0), value=torch.inf).sort(dim=-1, descending=True).values
    sums, counts = _prefixes(ordered)
    # Equal points end up together because no cluster may start between them.
    tied = ordered[..., 2:] >= ordered[..., 1:-1]
    gains, layer = _by_halves(sums, counts, tied) if many else _by_matrix(sums, counts, tied)
    choices = []
    for _ in range(1, sizes[-1]):
        gains, choice = layer(gains)
        choices.append(choice)
    return ordered.expand(len(sizes), *ordered.shape).gather(-1, _trace(choices, ordered, sizes))


def _prefixes(ordered: Tensor) -> Tensor:
    """Sums and counts of the first 0 ... M points, moved to [0, 1].

    So nearly equal points far from 0 keep their digits, and no square overflows.
    """
    moved = (ordered - ordered[..., -1:]).nan_to_num(posinf=0)
    # Equal points become 0 / 0, and of NaN alone the first is the largest: one cluster.
    moved = moved / moved.amax(-1, keepdim=True)
    return prefix_sums(torch.stack([moved, ordered < torch.inf]))


def _by_matrix(sums: Tensor, counts: Tensor, tied: Tensor) -> tuple[Tensor, Layer]:
    """Make the first layer, and the next ones from all gains at once, from each node (row) up to each other."""
    distances, sizes = sums[..., None] - sums[..., None, :], counts[..., None] - counts[..., None, :]
    gains = (distances.square() / sizes.clamp(min=1)).masked_fill(sizes < 0, -torch.inf)
    gains[..., 1:-1].masked_fill_(tied[..., None, :], -torch.inf)

    def layer(before: Tensor) -> tuple[Tensor, Tensor]:
        best, choice = (gains + before[..., None, :]).max(-1)
        return best, choice

    return gains[..., 0], layer


def _by_halves(sums: Tensor, counts: Tensor, tied: Tensor) -> tuple[Tensor, Layer]:
    """Make the first layer, and the next ones each node between its neighbours."""
    forbidden = torch.nn.functional.pad(tied, (1, 1))
    sums = sums.nan_to_num(0)

    def layer(before: Tensor) -> tuple[Tensor, Tensor]:
        return best_by_halves(before.masked_fill(forbidden, -torch.inf), sums, counts)

    return sums.square() / counts.clamp(min=1), layer


def _trace(choices: list[Tensor], ordered: Tensor, sizes: range) -> Tensor:
    """Follow the choices of every size up from the node below all points; behind the last cluster lies node 0."""
    none = torch.zeros_like(ordered, dtype=torch.int64)
    table = torch.stack([*[none] * (sizes[-1] - sizes[0]), *choices, none])
    nodes = [none[..., :1].expand(len(sizes), *ordered.shape[:-1], 1)]
    for step in range(1, sizes[-1]):
        of_sizes = table[-len(sizes) - step : -step]
        nodes.insert(-1, of_sizes[..., -1:] if step == 1 else of_sizes.gather(-1, nodes[-2]))
    return torch.cat(nodes, -1)
