"""A step on the losses of a few tasks, in plain numbers.

Between the operations of a network each call of a library, whose code lies in none of the processor's caches by then,
costs what the whole step does here. The numbers are those of ``weighing_numpy`` to the bit.
"""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate, pairwise
from operator import add
from typing import NamedTuple

import numpy as np

from lightning_go4align.functional.indicators import Reduction

FEW = 7  # Tasks: NumPy adds up more of them in another order, and with many it is quicker.


class PlainWeighing(NamedTuple):
    """What a step finds.

    Args:
        indicators: Group indicators ``[M]``.
        assignment: Group of each task ``[M]``.
        group_weights: Group weights ``[K]``.
        task_weights: Task weights ``[M]``.
    """

    indicators: list[float]
    assignment: list[int]
    group_weights: list[float]
    task_weights: list[float]


def weigh_plainly(
    losses: list[float], log_smoothness: list[float], num_groups: int, reduction: Reduction
) -> PlainWeighing:
    """Find the indicators, their groups, and the weights, where every loss takes part.

    Args:
        losses: Losses of at most ``FEW`` tasks, in the domain that ``weighing_numpy`` needs no mask in.
        log_smoothness: Logarithm of the smoothness vector up to a constant, moved by these losses already.
        num_groups: ``K``, from 1 to ``M``.
        reduction: What a loss is compared with.

    Returns:
        Indicators, groups and weights.

    Example:
        >>> weigh_plainly([1.0, 4.0], [0.0, 0.0], 2, "sum").task_weights
        [2.5, 0.625]
    """
    largest = max(log_smoothness)
    # Not `math.exp`, which rounds one number in twenty otherwise.
    powers = np.exp([state - largest for state in log_smoothness]).tolist()
    norm, total = _added(powers), _added(losses)
    if reduction == "mean":
        total /= len(losses)
    indicators = [power / norm * (total / loss) for power, loss in zip(powers, losses, strict=True)]
    ordered = sorted(indicators)
    starts = _starts(ordered, num_groups)
    means = [_mean(ordered[start:end]) for start, end in pairwise([*starts, len(ordered)])]
    thresholds = [ordered[start] for start in starts[1:]]
    assignment = [sum(point >= threshold for threshold in thresholds) for point in indicators]
    weights = [means[group] for group in assignment]
    return PlainWeighing(indicators, assignment, means + means[-1:] * (num_groups - len(means)), weights)


def _added(numbers: Sequence[float]) -> float:
    # Not `sum`, which compensates for rounding from Python 3.12 on.
    return reduce(add, numbers, 0.0)


def _mean(points: list[float]) -> float:
    return (points[0] + _added(points[1:])) / len(points)


def _starts(ordered: list[float], num_groups: int) -> list[int]:
    """Find where each optimal cluster starts, as ``cluster_starts.optimal_starts`` does."""
    if num_groups == 1:
        return [0]
    apart = [0] + [place for place in range(1, len(ordered)) if ordered[place] > ordered[place - 1]]
    return apart if num_groups >= len(apart) else _optimal_starts(ordered, apart, num_groups)


def _optimal_starts(ordered: list[float], apart: list[int], num_groups: int) -> list[int]:
    sums = list(accumulate([(point - ordered[0]) / (ordered[-1] - ordered[0]) for point in ordered]))
    layer = [total * total * (1.0 / number) for number, total in enumerate(sums, 1)]
    choices = []
    for _ in range(num_groups - 2):
        best = [_best(layer, sums, apart, end) for end in range(len(ordered))]
        layer = [gain for gain, _ in best]
        choices.append([start for _, start in best])
    starts = [_best(layer, sums, apart, len(ordered) - 1)[1]]
    for choice in reversed(choices):
        starts.append(choice[starts[-1] - 1])
    return [0, *reversed(starts)]


def _best(layer: list[float], sums: list[float], apart: list[int], end: int) -> tuple[float, int]:
    """The most that the points up to an end gain with one cluster more, and the first start of it that does."""
    best, chosen = -math.inf, 1
    for start in apart[1:]:
        if start > end:
            break
        step = sums[end] - sums[start - 1]
        gain = layer[start - 1] + step * step * (1.0 / (end + 1 - start))
        if gain > best:
            best, chosen = gain, start
    return best, chosen
