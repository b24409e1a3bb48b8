"""Grouping with a number of groups that the indicators of all steps so far ask for."""

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.cluster_starts import Floats, Integers, optimal_starts
from lightning_go4align.functional.criterion_numpy import criterion_by_numpy, criterion_of_starts
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.kmeans_numpy import MOST_POINTS, solution, solve_by_numpy, sorted_present
from lightning_go4align.functional.kmeans_torch import solve_ranks
from lightning_go4align.functional.number_of_groups import criterion_of
from lightning_go4align.functional.precision import widened
from lightning_go4align.functional.values import is_readable

# The score of a number of groups that no step has had enough tasks for; finite, as all state is.
UNKNOWN = torch.finfo(torch.float32).max


def choose_groups(indicators: Tensor, criterion: Tensor, momentum: float) -> Grouping:
    """Group the indicators into as many groups as there is most evidence for, over the steps so far.

    Args:
        indicators: Group indicators, shape ``[M]``, without graph.
        criterion: Averaged scores of 1, 2, ... groups, less that of one group, in float32, moved in place;
            ``UNKNOWN`` where there is none yet. There are at most as many groups as it has room for.
        momentum: Share of the past in the average, from 0 to below 1.

    Returns:
        The grouping, with as many weights as there can be groups, in the dtype of the indicators.

    Example:
        >>> criterion = torch.full((4,), UNKNOWN)
        >>> choose_groups(torch.tensor([0.010, 0.011, 0.9, 1.0, 1.1]), criterion, 0.9).sizes
        tensor([2, 3, 0, 0])
    """
    points = widened(indicators)
    known = criterion[: len(points)]
    if is_readable(points) and len(points) <= MOST_POINTS:
        arrays = choose_by_numpy(points.numpy(), known.numpy(), momentum)
        assignment, means = map(torch.from_numpy, arrays)
    else:
        assignment, means = choose_by_torch(points, known, momentum)
    return Grouping(assignment, means.to(indicators.dtype))


def choose_by_numpy(points: Floats, criterion: Floats, momentum: float) -> tuple[Integers, Floats]:
    """Choose in host memory, where the number can be looked at before the grouping is made.

    Args:
        points: Group indicators, shape ``[M]``.
        criterion: Averaged scores, at most ``M``, moved in place.
        momentum: Share of the past in the average.

    Returns:
        The assignment, shape ``[M]``, and the weights, as many as scores.
    """
    scores = criterion_by_numpy(points, len(criterion))
    chosen = _least_averaged(scores, criterion, momentum)
    [(assignment, means)] = solve_by_numpy(points, range(chosen, chosen + 1))
    return assignment, np.append(means, np.full(len(criterion) - chosen, means[-1]))


def choose_known_by_numpy(points: Floats, criterion: Floats, momentum: float) -> tuple[Integers, Floats]:
    """Choose in host memory for points that are logarithms already, and grouped as such.

    Args:
        points: Logarithms of the indicators, shape ``[M]``; not finite for a task in no group.
        criterion: Averaged scores, at most ``M``, moved in place.
        momentum: Share of the past in the average.

    Returns:
        The assignment, shape ``[M]``, and the centres, as many as scores.

    Example:
        >>> choose_known_by_numpy(np.array([-4.5, -4.6, 0.1]), np.full(3, UNKNOWN), 0.9)[0]
        array([0, 0, 1])
    """
    ordered = sorted_present(points)
    starts = optimal_starts(ordered, range(1, len(criterion) + 1))
    chosen = _least_averaged(criterion_of_starts(ordered, starts), criterion, momentum)
    return solution(points, ordered, starts[chosen - 1], len(criterion))


def _least_averaged(scores: Floats, criterion: Floats, momentum: float) -> int:
    """Move the averaged scores, and find the number of groups that has the least."""
    scores -= scores[0]
    before = criterion.astype(np.float64)
    average = np.where(before == UNKNOWN, scores, scores + momentum * (before - scores))
    criterion[:] = average
    return int(average.argmin()) + 1


def choose_by_torch(points: Tensor, criterion: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
    """Choose without a look: all groupings are made, those of the indicators and of their logarithms side by side.

    Args:
        points: Group indicators, shape ``[M]``.
        criterion: Averaged scores, at most ``M``, moved in place.
        momentum: Share of the past in the average.

    Returns:
        The assignment, shape ``[M]``, and the weights, as many as scores.
    """
    both = torch.stack([points.log(), points])
    ranks, means, numbers = solve_ranks(both, range(1, len(criterion) + 1))
    scores = criterion_of(both[0], means[:, 0], numbers[:, 0])
    return _best(scores, ranks[:, 1], means[:, 1], criterion, momentum)


def choose_known(points: Tensor, criterion: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
    """Choose without a look for points that are logarithms already, and grouped as such.

    Args:
        points: Logarithms of the indicators up to a constant, shape ``[M]``, at least 0; NaN for a task in no group.
        criterion: Averaged scores, at most ``M``, moved in place.
        momentum: Share of the past in the average.

    Returns:
        The assignment, shape ``[M]``, and the centres, as many as scores.

    Example:
        >>> points = torch.tensor([0.0, 0.1, 4.4, 4.5, 4.6], dtype=torch.float64)
        >>> choose_known(points, torch.full((4,), UNKNOWN), 0.9)[0]
        tensor([0, 0, 1, 1, 1])
    """
    ranks, means, numbers = solve_ranks(points, range(1, len(criterion) + 1))
    return _best(criterion_of(points, means, numbers), ranks, means, criterion, momentum)


def _best(scores: Tensor, ranks: Tensor, means: Tensor, criterion: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
    most = len(criterion)
    scores = scores - scores[:1]
    before = criterion.to(scores.dtype)
    average = torch.where(before == UNKNOWN, scores, torch.lerp(scores, before, momentum))
    criterion.copy_(average)
    chosen = average.argmin(0, keepdim=True)
    assignment = ranks.index_select(0, chosen)[0]
    # No point is negative, so that means ascend from 0, which is that of an empty group: the largest is repeated.
    weights = means.index_select(0, chosen)[0].cummax(0).values
    return assignment.masked_fill(assignment == most, -1), weights
