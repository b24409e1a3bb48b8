"""What the libraries that cluster in host memory share."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.clustering.ranked import ranked
from lightning_go4align.functional.grouping import Grouping, check_num_clusters

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@torch.compiler.disable  # type: ignore[untyped-decorator]  # torch's. What a library does cannot be traced.
def cluster_on_host(points: Tensor, num_clusters: int, solve: Callable[[Floats, int], Labels]) -> Grouping:
    """Cluster points by a library that needs them in host memory: a stall of the device at each call.

    The library gets them sorted, so that their order does not matter, and only where it has a choice.

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        num_clusters: ``K``, from 1 to ``M``.
        solve: Labels from 0 to ``K - 1`` of more than ``K`` distinct finite numbers, sorted, and ``K`` of 2 or more.

    Returns:
        The grouping; with ``K`` distinct values or fewer each has its own group.

    Raises:
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> cluster_on_host(torch.tensor([3.0, 1.0, 2.0]), 2, lambda points, k: (points > 2).astype(int)).assignment
        tensor([1, 0, 0])
    """
    check_num_clusters(points, num_clusters)
    values = points.detach().cpu().double().numpy()
    present = np.isfinite(values)
    distinct, positions = np.unique(values[present], return_inverse=True)
    labels = np.full(len(values), -1)
    if num_clusters == 1:
        labels[present] = 0
    elif len(distinct) <= num_clusters:
        labels[present] = positions
    else:
        order = np.flatnonzero(present)[np.argsort(positions, kind="stable")]
        labels[order] = solve(values[order], num_clusters)
    return ranked(points.detach(), torch.from_numpy(labels).to(points.device), num_clusters)


def standardized(points: Floats) -> Floats:
    """Points less their mean, in their standard deviation.

    Args:
        points: Points, shape ``[M]``, finite, not all equal.

    Returns:
        Points of mean 0 and variance 1, shape ``[M]``.

    Example:
        >>> standardized(np.array([1.0, 3.0]))
        array([-1.,  1.])
    """
    within = points / np.abs(points).max()  # The squares of the largest floats overflow.
    moved = within - within.mean()
    standard: Floats = moved / np.sqrt((moved * moved).mean())
    return standard
