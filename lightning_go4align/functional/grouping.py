"""Dynamical group assignment: exact K-means in one dimension (Section 3.2 of the paper)."""

from typing import NamedTuple

import torch
from torch import Tensor


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
    """

    assignment: Tensor
    group_weights: Tensor

    @property
    def matrix(self) -> Tensor:
        r"""The paper's assignment matrix :math:`\mathcal G`, shape ``[K, M]``, of zeros and ones."""
        return membership(self.assignment, len(self.group_weights)).to(self.group_weights.dtype)

    @property
    def task_weights(self) -> Tensor:
        r"""Weight of each task, :math:`\omega^\top \mathcal G`, shape ``[M]``; 0 for a task in no group."""
        weights = self.group_weights.gather(0, self.assignment.clamp(min=0))
        return torch.where(self.assignment >= 0, weights, 0)


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
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> kmeans_1d(torch.tensor([0.1, 5.0, 0.3, 5.2]), 2)
        Grouping(assignment=tensor([0, 1, 0, 1]), group_weights=tensor([0.2000, 5.1000]))
    """
    check_num_clusters(points, num_clusters)
    line = _Line(points)
    if num_clusters == len(points):
        return line.grouping(line.ordered)
    return line.grouping(line.thresholds(num_clusters)[-1])


def kmeans_1d_costs(points: Tensor, max_clusters: int) -> tuple[Tensor, Tensor]:
    r"""Solve Eq. 3 for every number of clusters from 1 to ``max_clusters`` at once.

    Args:
        points: Points, shape ``[M]``. One that is NaN or infinite belongs to no cluster.
        max_clusters: The largest number of clusters, from 1 to ``M``.

    Returns:
        The least sum of squares for each number of clusters, shape ``[max_clusters]``, in the points' unit
        squared, and the assignments that reach it, shape ``[max_clusters, M]``; both ranked as in ``kmeans_1d``.

    Raises:
        ValueError: As for ``kmeans_1d``.

    Example:
        >>> costs, assignments = kmeans_1d_costs(torch.tensor([1.0, 2.0, 10.0]), 3)
        >>> costs
        tensor([48.6667,  0.5000,  0.0000])
        >>> assignments[1]
        tensor([0, 0, 1])
    """
    check_num_clusters(points, max_clusters)
    line = _Line(points)
    solutions = [line.grouping(thresholds) for thresholds in line.thresholds(max_clusters, every=True)]
    costs = torch.stack([sum_of_squares(points, solution) for solution in solutions])
    return costs, torch.stack([solution.assignment for solution in solutions])


def sum_of_squares(points: Tensor, grouping: Grouping) -> Tensor:
    """Measure how far the points lie from their groups' weights: the value of Eq. 3.

    Args:
        points: Points, shape ``[M]``; those in no group do not count.
        grouping: A grouping of them.

    Returns:
        The sum of squares, shape ``[]``, in the points' unit squared.

    Example:
        >>> sum_of_squares(torch.tensor([1.0, 3.0]), Grouping(torch.tensor([0, 0]), torch.tensor([2.0])))
        tensor(2.)
    """
    return torch.where(grouping.assignment >= 0, points - grouping.task_weights, 0).square().sum()


def membership(assignment: Tensor, num_groups: int) -> Tensor:
    """Spread an assignment into a mask of groups and tasks.

    Args:
        assignment: Group of each task, shape ``[M]``, int64; -1 for none.
        num_groups: ``K``.

    Returns:
        Mask, shape ``[K, M]``, bool.

    Example:
        >>> membership(torch.tensor([1, -1]), 2)
        tensor([[False, False],
                [ True, False]])
    """
    return assignment == torch.arange(num_groups, device=assignment.device)[:, None]


def check_num_clusters(points: Tensor, num_clusters: int) -> None:
    """Refuse points that are no vector and a number of clusters outside ``[1, M]``.

    Args:
        points: Points, any shape.
        num_clusters: ``K``.

    Raises:
        ValueError: If either does not fit.
    """
    if points.dim() != 1 or len(points) == 0:
        raise ValueError(f"`points` must be a vector of at least one number, but has shape {list(points.shape)}.")
    if not 1 <= num_clusters <= len(points):
        raise ValueError(
            f"`num_groups` must lie in [1, {len(points)}], the number of tasks, but is {num_clusters}. "
            "Change it in `model.method`."
        )


class _Line:
    """Points sorted in float64; the absent ones stand behind all others, at infinity."""

    def __init__(self, points: Tensor) -> None:
        self.dtype = points.dtype
        self.points = points.detach().to(torch.float64)
        self.present = self.points.isfinite()
        self.ordered = torch.where(self.present, self.points, torch.inf).sort().values

    def thresholds(self, num_clusters: int, every: bool = False) -> list[Tensor]:
        """Find the first point of each optimal cluster, for ``num_clusters`` clusters or for every number up to it.

        The gain of a cluster is its sum squared over its size: to maximise it is to minimise the sum of squares.
        """
        m = len(self.points)
        sums, counts, allowed = self._prefixes()
        best, choices, solutions = _gain(sums, counts, sums[:1], counts[:1]), [], [self.ordered[:1]]
        last = torch.where(allowed, _gain(sums[-1:], counts[-1:], sums, counts), -torch.inf)
        if num_clusters > 2:
            gains = _gain(sums[:, None], counts[:, None], sums, counts)
            position = torch.arange(m + 1, device=sums.device)
            gains = torch.where(allowed & (position <= position[:, None]), gains, -torch.inf)
        padded = torch.cat([self.ordered, self.ordered.new_full((1,), torch.inf)])
        for size in range(2, num_clusters + 1):
            if every or size == num_clusters:
                starts = [(best + last).argmax(0, keepdim=True)]
                for choice in reversed(choices):
                    starts.append(choice.gather(0, starts[-1]))
                starts.append(torch.zeros_like(starts[-1]))
                solutions.append(padded.gather(0, torch.cat(starts[::-1])))
            if size < num_clusters:
                best, choice = (best + gains).max(1)
                choices.append(choice)
        return solutions

    def _prefixes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Sums and counts of the first 0 ... M points, and where a cluster may start: never between equal points."""
        low, finite = self.ordered[:1], self.ordered.isfinite()
        # Moved to [0, 1]: nearly equal points far from 0 keep their digits, and no square overflows.
        unit = torch.where(finite, self.ordered - low, 0)
        unit = unit / unit.max().clamp(min=torch.finfo(torch.float64).tiny)
        sums = torch.nn.functional.pad(_cumulate(unit), (1, 0))
        counts = torch.nn.functional.pad(_cumulate(finite.to(torch.float64)), (1, 0))
        allowed = torch.nn.functional.pad(self.ordered[1:] > self.ordered[:-1], (1, 1), value=True)
        return sums, counts, allowed

    def grouping(self, thresholds: Tensor) -> Grouping:
        """Assign each point to the last cluster whose first point it does not lie below."""
        repeated = torch.nn.functional.pad(thresholds[1:] == thresholds[:-1], (1, 0))
        thresholds = torch.where(repeated, torch.inf, thresholds)
        assignment = (self.points[:, None] >= thresholds).sum(1) - 1
        assignment = torch.where(self.present, assignment, -1)
        members = membership(assignment, len(thresholds))
        sizes = members.sum(1)
        means = torch.where(members, self.points, 0).sum(1) / sizes.clamp(min=1)
        means = torch.where(sizes > 0, means, torch.where(sizes > 0, means, -torch.inf).max())
        return Grouping(assignment, means.nan_to_num(neginf=0.0).to(self.dtype))


def _gain(end_sum: Tensor, end_count: Tensor, start_sum: Tensor, start_count: Tensor) -> Tensor:
    return (end_sum - start_sum).square() / (end_count - start_count).clamp(min=1)


def _cumulate(values: Tensor) -> Tensor:
    """Cumulative sum; as a sum over a triangle where CUDA's own, which is not deterministic, is forbidden."""
    if values.is_cuda and torch.are_deterministic_algorithms_enabled():
        return values.expand(len(values), -1).tril().sum(1)
    return values.cumsum(0)
