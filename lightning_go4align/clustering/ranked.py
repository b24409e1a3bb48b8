"""From the labels that a clustering library gives to the groups of the paper."""

import torch
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.precision import widest


def ranked(points: Tensor, labels: Tensor, num_clusters: int) -> Grouping:
    """Weigh each cluster by the mean of its points and rank the clusters by weight.

    Args:
        points: Points, shape ``[M]``.
        labels: Cluster of each point, shape ``[M]``, int64, any numbers from 0 to ``K - 1``; -1 for none.
        num_clusters: ``K``. Clusters without points come last; their weights repeat the largest.

    Returns:
        The grouping, its weights in the points' dtype.

    Example:
        >>> ranked(torch.tensor([5.0, 1.0, 3.0]), torch.tensor([0, 2, 2]), 3)
        Grouping(assignment=tensor([1, 0, 0]), group_weights=tensor([2., 5., 5.]))
    """
    members = labels == torch.arange(num_clusters, device=points.device)[:, None]
    sizes = members.sum(1)
    means = torch.where(members, points, 0).sum(1, dtype=widest(points.device)) / sizes.clamp(min=1)
    return sort_groups(means.to(points.dtype).masked_fill(sizes == 0, torch.nan), labels)


def sort_groups(weights: Tensor, labels: Tensor) -> Grouping:
    """Rank clusters by given weights.

    Args:
        weights: Weight of each cluster, shape ``[K]``; NaN for an empty one.
        labels: Cluster of each point, shape ``[M]``, int64; -1 for none.

    Returns:
        The grouping: the same task weights, group 0 being the lightest.

    Example:
        >>> sort_groups(torch.tensor([0.6, 0.2]), torch.tensor([1, 1, 0])).assignment
        tensor([0, 0, 1])
    """
    order = weights.argsort(stable=True)  # NaN comes last.
    weights = weights.gather(0, order)
    largest = weights.nan_to_num(nan=-torch.inf).amax().nan_to_num(neginf=0.0)
    ranks = order.argsort().gather(0, labels.clamp(min=0))
    return Grouping(torch.where(labels < 0, labels, ranks), torch.where(weights.isnan(), largest, weights))
