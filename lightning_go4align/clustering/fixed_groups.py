"""Groups and group weights that are given or drawn instead of found: the comparisons of Fig. 5."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_go4align.clustering.ranked import ranked, sort_groups
from lightning_go4align.functional.arguments import as_integer, as_list, check_callable, non_negative
from lightning_go4align.functional.grouping import Grouping, check_num_clusters

GroupWeights = Callable[[Tensor, Tensor, int], Grouping]
"""Weighs groups: ``(points [M], labels [M], K) -> Grouping``."""


class FixedGroups:
    """Put each task into a given group at every step (Fig. 5 a-c and f-i).

    Args:
        groups: Group of each task, from 0 to ``K - 1``. Where a method is told no ``K``, the largest is the last.
        weights: What the groups weigh: by default the mean indicator of their tasks, as in Eq. 3.

    Raises:
        TypeError: If ``groups`` is no list of integers, or ``weights`` a class.
        ValueError: If the numbers of tasks or groups do not fit.

    Example:
        >>> FixedGroups([0, 1, 0])(torch.tensor([1.0, 2.0, 5.0]))
        Grouping(assignment=tensor([1, 0, 1]), group_weights=tensor([2., 3.]))
    """

    knows_number: bool = True

    def __init__(self, groups: Sequence[int], weights: GroupWeights = ranked) -> None:
        check_callable("weights", weights, "FixedGroupWeights([0.6, 0.2])")
        self.groups = [as_integer("groups", group, least=0) for group in as_list("groups", groups)]
        self.weights = weights

    def __call__(self, points: Tensor, num_clusters: int | None = None) -> Grouping:
        check_num_clusters(points, 1 if num_clusters is None else num_clusters)
        most = len(points) if num_clusters is None else num_clusters
        if len(self.groups) != len(points) or not all(group < most for group in self.groups):
            raise ValueError(
                f"`groups` must hold one number from 0 to {most - 1} for each of {len(points)} tasks, but is "
                f"{self.groups}. Change it, or `num_groups`."
            )
        number = max(self.groups) + 1 if num_clusters is None else num_clusters
        labels = torch.tensor(self.groups, dtype=torch.int64).to(points.device)
        return _weighed(self.weights, points, labels, number)


class RandomGroups:
    """Draw the group of each task anew at every step (Fig. 5 d), from torch's global generator.

    Args:
        weights: What the groups weigh: by default the mean indicator of their tasks, as in Eq. 3.

    Example:
        >>> grouping = RandomGroups()(torch.tensor([1.0, 2.0, 5.0]), 2)
        >>> bool((grouping.group_weights.diff() >= 0).all())
        True
    """

    draws = True  # A method that holds it needs a stream of random numbers.

    def __init__(self, weights: GroupWeights = ranked) -> None:
        check_callable("weights", weights, "FixedGroupWeights([0.6, 0.2])")
        self.weights = weights

    def __call__(self, points: Tensor, num_clusters: int) -> Grouping:
        check_num_clusters(points, num_clusters)
        # Drawn on the host, so that the groups do not depend on the device.
        labels = torch.randint(num_clusters, points.shape).to(points.device)
        return _weighed(self.weights, points, labels, num_clusters)


def _weighed(weights: GroupWeights, points: Tensor, labels: Tensor, number: int) -> Grouping:
    """Weigh the groups of the points that have a value; their weights are constants, as of every clustering."""
    points = points.detach()
    return weights(points, labels.masked_fill(points.isfinite().logical_not(), -1), number)


class FixedGroupWeights:
    """Give each group a given weight (Fig. 5 a-d and f-h).

    Args:
        weights: Weight of each group, at least 0; the paper lets the weights of all tasks add up to 1.

    Raises:
        TypeError: If ``weights`` is no list of numbers.
        ValueError: If a weight is negative or their number is not that of the groups.

    Example:
        >>> clustering = FixedGroups([1, 1, 0], FixedGroupWeights([0.6, 0.2]))
        >>> clustering(torch.tensor([1.0, 2.0, 5.0]), 2).task_weights
        tensor([0.2000, 0.2000, 0.6000])
    """

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights = [non_negative("weights", weight) for weight in as_list("weights", weights)]

    def __call__(self, points: Tensor, labels: Tensor, num_clusters: int) -> Grouping:
        if len(self.weights) != num_clusters:
            raise ValueError(
                f"`weights` must hold one weight for each of {num_clusters} groups, but is {self.weights}. "
                "Change it, or `num_groups`."
            )
        return sort_groups(torch.tensor(self.weights, dtype=points.dtype).to(points.device), labels)


class RandomGroupWeights:
    """Draw the weight of each group anew at every step (Fig. 5 i), from torch's global generator.

    Weights are uniform draws, divided by their sum over the tasks that are present and multiplied with the share of
    these: task weights add up to 1 if all are.

    Example:
        >>> clustering = FixedGroups([1, 1, 0], RandomGroupWeights())
        >>> weights = clustering(torch.tensor([1.0, 2.0, 5.0]), 2).task_weights
        >>> torch.isclose(weights.sum(), torch.tensor(1.0))
        tensor(True)
    """

    draws = True  # As above.

    def __call__(self, points: Tensor, labels: Tensor, num_clusters: int) -> Grouping:
        drawn = torch.rand(num_clusters, dtype=torch.float64).to(points.device, points.dtype)
        grouping = sort_groups(drawn, labels)
        total = grouping.task_weights.sum().clamp(min=torch.finfo(points.dtype).tiny)
        share = (labels >= 0).sum(dtype=points.dtype) / len(labels)
        return Grouping(grouping.assignment, grouping.group_weights / total * share)
