"""The number of groups within one launch: the evidence of ``group_number_criterion``, averaged over the steps."""

import triton
import triton.language as tl

from lightning_go4align.functional import number_of_groups as prior
from lightning_go4align.functional.choice import UNKNOWN
from lightning_go4align.functional.kernels.intervals import INFINITY, groups_of, of_tasks, ranks_of

SHAPE, SCALE = tl.constexpr(prior.SHAPE), tl.constexpr(prior.SCALE)
VARIANCE_OF_CENTRES = tl.constexpr(prior.VARIANCE_OF_CENTRES)
NONE_YET = tl.constexpr(UNKNOWN)


@triton.jit
def chosen_number(
    points,
    following,
    starts,
    criterion,
    log_factorials,
    momentum: tl.constexpr,
    M: tl.constexpr,
    K: tl.constexpr,
    KB: tl.constexpr,
    B: tl.constexpr,
):
    """Score 1, 2, ... ``K`` groups, average the scores in place, and take the best.

    Args:
        points: Logarithms of the indicators, shape ``[B]``; infinity for an absent one.
        following: Of ``optimal_starts``.
        starts: Of ``optimal_starts``.
        criterion: Pointer to the averaged scores, float32.
        log_factorials: Pointer to the logarithms of 0!, 1!, ... (M + K)!, float64.
        momentum: Share of the past in the average.
        M: Number of tasks.
        K: The largest number of groups.
        KB: The power of two that holds it.
        B: The power of two that holds the tasks.

    Returns:
        The number, from 1 to ``K``.
    """
    sizes = tl.arange(0, KB)
    scores = tl.zeros([KB], tl.float64)
    for number in range(1, K + 1):
        ranks = ranks_of(points, following, starts, number, M, KB, B)
        scores = tl.where(sizes == number - 1, _evidence(points, ranks, number, log_factorials, KB), scores)
    scores = scores - tl.sum(tl.where(sizes == 0, scores, 0.0), 0)
    before = tl.load(criterion + sizes, mask=sizes < K, other=0.0).to(tl.float64)
    average = tl.where(before == NONE_YET, scores, momentum * before + (1 - momentum) * scores)
    tl.store(criterion + sizes, average.to(tl.float32), mask=sizes < K)
    return tl.argmin(tl.where(sizes < K, average, INFINITY), 0) + 1


@triton.jit
def _evidence(points, ranks, number, log_factorials, KB: tl.constexpr):
    """Minus twice the logarithm of the evidence of one grouping, as ``group_number_criterion`` has it."""
    known = tl.where(ranks >= 0, points, 0.0)
    present = tl.maximum(tl.sum((ranks >= 0).to(tl.float64), 0), 1.0)
    centres, members = groups_of(known, ranks, KB)
    within = known - of_tasks(centres, ranks, KB)
    squares = tl.sum(within * within, 0)
    variance = (SCALE + squares / 2) / (SHAPE + 1 + tl.maximum(present - number, 0.0) / 2)
    fit = (present + 2 * (SHAPE + 1)) * tl.log(variance) + (squares + 2 * SCALE) / variance
    distance = centres - tl.sum(known, 0) / present
    ratio = members / variance
    spread = VARIANCE_OF_CENTRES * ratio + 1
    between = tl.log(spread) + distance * distance * ratio / spread
    ways = tl.sum(tl.load(log_factorials + members.to(tl.int32)), 0)
    ways += tl.load(log_factorials + number) + tl.load(log_factorials + number - 1)
    ways -= tl.load(log_factorials + present.to(tl.int32) + number - 1)
    # An empty group has the ratio 0, and the logarithm of its factorial is 0 as well.
    return fit + tl.sum(between, 0) - 2 * ways
