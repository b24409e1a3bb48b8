"""Eq. 3 in logarithms: groups of tasks whose indicators are alike by ratio, whatever their size."""

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.clustering.averaged import AveragedEvidence
from lightning_go4align.functional.choice import choose_known, choose_known_by_numpy
from lightning_go4align.functional.grouping import Grouping, check_num_clusters, kmeans_1d
from lightning_go4align.functional.kmeans_numpy import MOST_POINTS
from lightning_go4align.functional.precision import widened
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
        TypeError: If ``points`` is no tensor of floating-point numbers, or ``num_clusters`` no integer.
        ValueError: If ``points`` is not a vector or ``num_clusters`` does not lie in ``[1, M]``.

    Example:
        >>> log_kmeans_1d(torch.tensor([2.0, 8.0, 0.01]), 2)
        Grouping(assignment=tensor([1, 1, 0]), group_weights=tensor([0.0100, 4.0000]))
    """
    check_num_clusters(points, num_clusters)
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
        logarithms = widened(points.log())
        _, known = self.scores_of(logarithms)
        if is_readable(logarithms) and len(logarithms) <= MOST_POINTS:
            arrays = choose_known_by_numpy(logarithms.numpy(), known.numpy(), self.momentum)
            assignment, centres = map(torch.from_numpy, arrays)
        else:
            # No point is negative then, and one without a logarithm is in no group still.
            shift = logarithms.nan_to_num(0, 0, 0).amin()
            assignment, centres = choose_known(logarithms - shift, known, self.momentum)
            centres = centres + shift
        return Grouping(assignment, centres.exp().to(points.dtype))
