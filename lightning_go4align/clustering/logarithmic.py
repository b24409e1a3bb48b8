"""Eq. 3 in logarithms: groups of tasks whose indicators are alike by ratio, whatever their size."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.clustering.averaged import AveragedEvidence
from lightning_go4align.functional.arrays import library_of
from lightning_go4align.functional.choice import UNKNOWN
from lightning_go4align.functional.evidence import group_evidence
from lightning_go4align.functional.grouping import Grouping, kmeans_1d, kmeans_1d_path
from lightning_go4align.functional.kmeans_numpy import Floats, Integers, solve_by_numpy
from lightning_go4align.functional.values import is_readable


def log_kmeans_1d(points: Tensor, num_clusters: int) -> Grouping:
    r"""Group positive points into ``K`` clusters by their ratios, exactly.

    .. math:: \min_{\omega, \mathcal G} \lVert \log \gamma^\top - \log \omega^\top \mathcal G \rVert^2

    The weight of a group is the geometric mean of its points. Clustered on a linear scale, as Eq. 3 has it, points of
    several sizes part only where they are large.

    Args:
        points: Points, shape ``[M]``. One that is not positive and finite belongs to no cluster.
        num_clusters: ``K``, from 1 to ``M``.

    Returns:
        The optimal grouping, in the points' dtype.

    Raises:
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> log_kmeans_1d(torch.tensor([2.0, 8.0, 0.01]), 2)
        Grouping(assignment=tensor([1, 1, 0]), group_weights=tensor([0.0100, 4.0000]))
    """
    assignment, centres = kmeans_1d(points.log(), num_clusters)
    return Grouping(assignment, centres.exp())


class AutomaticLogKMeans(AveragedEvidence):
    """Exact K-means in logarithms with as many groups as there is most evidence for, over the steps so far.

    The scores of each number of groups, see ``group_number_criterion``, less that of one group, are averaged
    exponentially, so that the number does not flicker. The average is saved with the method that has this clustering;
    two methods need one each.

    Args:
        max_groups: The largest number of groups, at least 1; with fewer tasks there are at most as many as tasks.
        momentum: Share of the past in the average, from 0 to below 1.

    Attributes:
        criterion: The averaged scores of 1, 2, ... ``max_groups`` groups; the largest float where there is none yet.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> clustering = AutomaticLogKMeans()
        >>> clustering(torch.tensor([0.010, 0.011, 0.012, 0.9, 1.0, 1.1])).assignment
        tensor([0, 0, 0, 1, 1, 1])
    """

    @override
    def choose(self, points: Tensor) -> Grouping:
        logarithms = points.log()
        most, known = self.scores_of(logarithms)
        if is_readable(logarithms) and logarithms.dtype == torch.float64:
            return self._on_host(logarithms.numpy(), known.numpy())
        path = kmeans_1d_path(logarithms, most)
        average = _average(known, group_evidence(logarithms, path.assignment, path.group_weights), self.momentum)
        known.copy_(average)
        chosen = average.argmin(0)
        weights = path.group_weights.index_select(0, chosen)[0].exp()
        return Grouping(path.assignment.index_select(0, chosen)[0], weights)

    def _on_host(self, logarithms: Floats, known: Floats) -> Grouping:
        assignments, centres = _path_on_host(logarithms, len(known))
        average = _average(known, group_evidence(logarithms, assignments, centres), self.momentum)
        known[:] = average
        best = average.argmin()
        return Grouping(torch.from_numpy(assignments[best]), torch.from_numpy(np.exp(centres[best])))


def _path_on_host(points: Floats, most: int) -> tuple[Integers, Floats]:
    """The groupings into 1, 2, ... ``most`` clusters, as ``kmeans_1d_path`` stacks them."""
    solutions = solve_by_numpy(points, range(1, most + 1))
    centres = np.empty((most, most))
    for row, (_, means) in zip(centres, solutions, strict=True):
        row[: len(means)] = means
        row[len(means) :] = means[-1]
    return np.stack([assignment for assignment, _ in solutions]), centres


def _average(known: Any, scores: Any, momentum: float) -> Any:
    """Average the scores, less that of one group, with those known before."""
    xp = library_of(scores)
    # What a score is of depends on the number of tasks; its distance from that of one group does much less.
    scores = scores - scores[:1]
    return xp.where(known == UNKNOWN, scores, momentum * known + (1 - momentum) * scores)
