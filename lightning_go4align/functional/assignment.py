"""The assignment step of a method: its clustering, and the number of groups that it is asked for."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.arguments import as_integer, check_callable
from lightning_go4align.functional.grouping import (
    Clustering,
    Grouping,
    check_num_clusters,
    check_num_groups,
    kmeans_1d,
)
from lightning_go4align.functional.values import is_readable


def ungrouped(points: Tensor, num_clusters: int | None = None) -> Grouping:
    """Leave each task in a group of its own: a method's parts without the grouping (Table 3).

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        num_clusters: From 1 to ``M``, or None; not used: there are as many groups as tasks.

    Returns:
        The grouping into ``M`` groups, whose weights are the points themselves; equal points share one.

    Raises:
        TypeError: If ``points`` is no tensor of floating-point numbers, or ``num_clusters`` no integer.
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> import torch
        >>> ungrouped(torch.tensor([3.0, 1.0])).task_weights
        tensor([3., 1.])
    """
    check_num_clusters(points, 1 if num_clusters is None else num_clusters)
    return kmeans_1d(points, len(points))


def check_clustering(num_groups: object, clustering: object) -> int | None:
    """Check that a number of groups and a clustering can be used, and go together.

    Args:
        num_groups: ``K``, an integer of at least 1; None for a clustering that chooses or knows it.
        clustering: Solver of Eq. 3.

    Returns:
        ``K`` as a plain integer, or None.

    Raises:
        TypeError: If the number is no integer, or the clustering is a class or cannot be called.
        ValueError: If the number is below 1, or is given to a clustering that chooses it itself, or to no other.

    Example:
        >>> import numpy as np
        >>> from lightning_go4align.functional.grouping import kmeans_1d
        >>> check_clustering(np.int64(2), kmeans_1d)
        2
    """
    check_callable("clustering", clustering, "kmeans_1d")
    chooses = bool(getattr(clustering, "chooses_number", False))
    name = getattr(clustering, "__name__", type(clustering).__name__)
    knows = clustering is ungrouped or getattr(clustering, "knows_number", False)
    if num_groups is None and not chooses and not knows:
        raise ValueError(
            f"`num_groups` must be a number, since {name} does not choose it: give one, or "
            "`clustering=AutomaticKMeans()`."
        )
    if num_groups is not None and chooses:
        raise ValueError(
            f"`num_groups` must be None, since {name} chooses the number of groups, but is {num_groups!r}."
        )
    return None if num_groups is None else as_integer("num_groups", num_groups, least=1)


def assign_groups(indicators: Tensor, num_groups: int | None, clustering: Clustering) -> Grouping:
    """Cluster the indicators of all tasks (Eq. 3).

    Args:
        indicators: Group indicators, shape ``[M]``; NaN for an absent task.
        num_groups: ``K``, or None for a clustering that chooses or knows it.
        clustering: Solver of Eq. 3.

    Returns:
        The grouping.

    Raises:
        TypeError: If the clustering returns something else than a ``Grouping``, or one of other shapes or dtypes.
        ValueError: If ``K`` is larger than ``M``, or a clustering of the user's own returns, in host memory, groups
            that are not ranked, weights that are not finite, or a group that there is not.

    Example:
        >>> import torch
        >>> from lightning_go4align.functional.grouping import kmeans_1d
        >>> assign_groups(torch.tensor([1.0, 9.0]), 1, kmeans_1d).group_weights
        tensor([5.])
    """
    if num_groups is not None:
        check_num_groups(num_groups, len(indicators))
    found = clustering(indicators, num_groups)
    if clustering is not kmeans_1d:
        _check_grouping(found, indicators, clustering)
    return found


def _check_grouping(found: object, indicators: Tensor, clustering: Clustering) -> None:
    name = getattr(clustering, "__name__", type(clustering).__name__)
    if not isinstance(found, Grouping):
        raise TypeError(
            f"`clustering` must return a `Grouping(assignment, group_weights)`, but {name} returned a "
            f"{type(found).__name__}. Wrap it."
        )
    groups, weights = found
    shape = list(indicators.shape)
    are_groups = list(groups.shape) == shape and groups.dtype in (torch.int64, torch.int32)
    if not are_groups or weights.dim() != 1 or not weights.is_floating_point():
        raise TypeError(
            f"`clustering` must return the group of each task, int64 of shape {shape}, and floating-point weights of "
            f"shape [K], but {name} returned {groups.dtype} of shape {list(groups.shape)} and {weights.dtype} of "
            f"shape {list(weights.shape)}."
        )
    is_own = str(getattr(clustering, "__module__", "")).startswith(__name__.partition(".")[0])
    if not is_own and all(is_readable(part) and part.dtype != torch.bfloat16 for part in (*found, indicators)):
        _check_ranks(name, groups.numpy(), weights.numpy(), indicators.numpy())


def _check_ranks(
    name: str, groups: NDArray[np.integer], weights: NDArray[np.floating], indicators: NDArray[np.floating]
) -> None:
    asked = "`clustering` must rank groups by ascending weight, as `Grouping` says, but"
    if not np.isfinite(weights).all() and np.isfinite(indicators).any():
        raise ValueError(f"{asked} {name} returned the weights {weights.tolist()}, of which not all are finite.")
    if (weights[1:] < weights[:-1]).any():
        raise ValueError(
            f"{asked} {name} returned the weights {weights.tolist()}. Sort them, and number the groups anew."
        )
    if not ((groups >= -1) & (groups < len(weights))).all():
        raise ValueError(f"{asked} {name} returned the groups {groups.tolist()} with {len(weights)} weights.")
