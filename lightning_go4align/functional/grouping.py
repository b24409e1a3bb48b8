"""Dynamical group assignment: exact K-means in one dimension (Section 3.2 of the paper)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.arguments import as_integer
from lightning_go4align.functional.kmeans_numpy import solve_by_numpy
from lightning_go4align.functional.kmeans_torch import solve_by_torch
from lightning_go4align.functional.values import in_memory, is_readable


class Grouping(NamedTuple):
    """Groups of tasks, ranked by ascending weight: group 0 is the lightest.

    Args:
        assignment: Group of each task, shape ``[M]``, int64; -1 for a task in no group.
        group_weights: The paper's omega, shape ``[K]``, ascending. Where fewer than ``K`` groups are occupied,
            the weights of the empty ones repeat the largest.

    Example:
        >>> grouping = Grouping(torch.tensor([1, 0, 1]), torch.tensor([0.5, 2.0]))
        >>> grouping.task_weights
        tensor([2.0000, 0.5000, 2.0000])
        >>> grouping.matrix
        tensor([[0., 1., 0.],
                [1., 0., 1.]])
        >>> grouping.sizes, grouping.num_occupied
        (tensor([1, 2]), tensor(2))
    """

    assignment: Tensor
    group_weights: Tensor

    @property
    def matrix(self) -> Tensor:
        r"""The paper's assignment matrix :math:`\mathcal G`, shape ``[K, M]``, of zeros and ones."""
        return self._members.to(self.group_weights.dtype)

    @property
    def sizes(self) -> Tensor:
        """Number of tasks in each group, shape ``[K]``, int64."""
        return self._members.sum(-1)

    @property
    def num_occupied(self) -> Tensor:
        """Number of groups that hold a task, shape ``[]``, int64."""
        return (self.sizes > 0).sum(-1)

    @property
    def _members(self) -> Tensor:
        ranks = torch.arange(self.group_weights.shape[-1], device=self.assignment.device)
        return self.assignment[..., None, :] == ranks[:, None]

    @property
    def task_weights(self) -> Tensor:
        r"""Weight of each task, :math:`\omega^\top \mathcal G`, shape ``[M]``; 0 for a task in no group."""
        weights = self.group_weights.gather(-1, self.assignment.clamp(min=0))
        return weights.masked_fill(self.assignment < 0, 0)


Clustering = Callable[[Tensor, Any], Grouping]
"""Solver of Eq. 3: ``(points [M], num_clusters) -> Grouping``; points that are NaN are in no group.

The number is an integer, and None for a clustering that chooses it itself and says so by ``chooses_number = True``.
One that knows it already, ``knows_number = True``, takes both.
"""


def kmeans_1d(points: Tensor, num_clusters: int) -> Grouping:
    r"""Group points on a line into ``K`` clusters, exactly (Eq. 3).

    In one dimension clusters are intervals of the sorted points, so dynamic programming over their borders finds

    .. math:: \min_{\omega, \mathcal G} \lVert \gamma^\top - \omega^\top \mathcal G \rVert^2

    itself, and not a local minimum: deterministic, on the points' own device, without a host read, in
    :math:`O(K M^2)` with float64 inside. Equal points always share a cluster, so that with fewer than ``K``
    distinct values fewer than ``K`` clusters are occupied (shapes never depend on values).

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        num_clusters: ``K``, from 1 to ``M``.

    Returns:
        The optimal grouping, its weights being the clusters' means in the points' dtype.

    Raises:
        TypeError: If ``points`` is no tensor of floating-point numbers, or ``num_clusters`` no integer.
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> kmeans_1d(torch.tensor([0.1, 5.0, 0.3, 5.2]), 2)
        Grouping(assignment=tensor([0, 1, 0, 1]), group_weights=tensor([0.2000, 5.1000]))
    """
    check_num_clusters(points, num_clusters)
    return _solve(points, num_clusters)


def check_num_clusters(points: Tensor, num_clusters: int) -> None:
    """Refuse points that are no vector and a number of clusters outside ``[1, M]``.

    Args:
        points: Points, any shape.
        num_clusters: ``K``.

    Raises:
        TypeError: If the points are no tensor of floating-point numbers, in which their means are given, or ``K`` is
            no integer.
        ValueError: If either does not fit.
    """
    if not isinstance(points, Tensor) or not points.is_floating_point():
        kind = points.dtype if isinstance(points, Tensor) else type(points).__name__
        raise TypeError(f"`points` must be a tensor of floating-point numbers, but is of {kind}. Make it one.")
    shape = points.shape
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"`points` must be a vector of at least one number, but has shape {list(shape)}.")
    check_num_groups(num_clusters, shape[0])


def check_num_groups(num_groups: int, num_tasks: int) -> None:
    """Refuse a number of groups outside ``[1, M]``.

    Args:
        num_groups: ``K``.
        num_tasks: ``M``.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it lies outside.
    """
    if type(num_groups) is not int:  # Of NumPy, say: asked in each step, a plain one is let through at once.
        as_integer("num_groups", num_groups)
    if not 1 <= num_groups <= num_tasks:
        raise ValueError(
            f"`num_groups` must lie in [1, {num_tasks}], the number of tasks, but is {num_groups}. Change it."
        )


def _solve(points: Tensor, num_clusters: int) -> Grouping:
    """Solve where the points are; to read a tensor in host memory stalls nothing."""
    if points.requires_grad:
        points = points.detach()
    points, sizes = in_memory(points), range(num_clusters, num_clusters + 1)
    if points.dtype != torch.bfloat16 and is_readable(points):  # NumPy lacks bfloat16.
        numbers = points.numpy()
        [(assignment, means)] = solve_by_numpy(numbers.astype(np.float64), sizes)
        return Grouping(torch.from_numpy(assignment), torch.from_numpy(means.astype(numbers.dtype)))
    [(groups, centres)] = solve_by_torch(points, sizes)
    return Grouping(groups, centres.to(points.dtype))
