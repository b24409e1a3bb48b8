"""A step of RobustGO4Align, its parts being those it has by itself, in one launch."""

import triton
import triton.language as tl

from lightning_go4align.functional import loss_history
from lightning_go4align.functional.kernels.intervals import (
    INFINITY,
    apart,
    filled,
    groups_of,
    of_tasks,
    optimal_starts,
    ranks_of,
    settled,
)
from lightning_go4align.functional.kernels.number import chosen_number

LARGEST = tl.constexpr(loss_history.LARGEST)
RESTING = tl.constexpr(loss_history.RESTING)
SMALLEST = tl.constexpr(1 / loss_history.LARGEST)


@triton.jit
def weigh(
    losses,
    means_state,
    spreads_state,
    indicators,
    assignment,
    group_weights,
    task_weights,
    criterion,
    log_factorials,
    smoothing_decay: tl.constexpr,
    decay: tl.constexpr,
    noise_decay: tl.constexpr,
    least: tl.constexpr,
    most: tl.constexpr,
    floor: tl.constexpr,
    fall: tl.constexpr,
    outlier: tl.constexpr,
    reach: tl.constexpr,
    momentum: tl.constexpr,
    CHOOSE: tl.constexpr,
    M: tl.constexpr,
    K: tl.constexpr,
    KB: tl.constexpr,
    B: tl.constexpr,
):
    """Smooth the losses, measure their scales, group these by ratio and weigh with constant risk.

    Args:
        losses: Pointer to the losses, shape ``[M]``, float64.
        means_state: To the state of ``ExponentialMean``, shape ``[2, M]``, moved in place.
        spreads_state: To that of ``LevelWithinSpread``, shape ``[6, M]``.
        indicators: To where they go, shape ``[M]``.
        assignment: To where it goes, shape ``[M]``, int64.
        group_weights: To where they go, shape ``[K]``.
        task_weights: To where they go, shape ``[M]``.
        criterion: As for the kernel of the paper.
        log_factorials: As for the kernel of the paper.
        smoothing_decay: Share of the past in the smoothed losses.
        decay: Share of it in the spread.
        noise_decay: Share of it in the noise.
        least: Least scale, in noises.
        most: Largest scale, in spreads.
        floor: Least scale as a share of the level.
        fall: The power by which that share falls with the first losses.
        outlier: Spreads from its mean that are remembered of a loss.
        reach: Largest ratio of a task's weight to its own indicator.
        momentum: Share of the past in the averaged scores.
        CHOOSE: Whether the number of groups is chosen, from 1 to ``K``.
        M: Number of tasks.
        K: Number of groups.
        KB: The power of two that holds it.
        B: The power of two that holds the tasks.
    """
    places, groups = tl.arange(0, B), tl.arange(0, KB)
    here = places < M
    loss = tl.load(losses + places, mask=here, other=float("nan"))
    kept = _without_outliers(spreads_state, loss, decay, outlier, M, B)
    level, _ = _move_mean(means_state, kept, smoothing_decay, M, B)
    spread, mass = _move_spread(spreads_state, kept, decay, M, B)
    noise, _ = _move_spread(spreads_state + 3 * M, kept, noise_decay, M, B)
    size = tl.abs(level)
    least_share = tl.maximum(10 * tl.exp(fall * tl.log(1 - mass)), floor)
    bounded = tl.maximum(tl.minimum(tl.maximum(size, least * noise), most * spread / mass), least_share * size)
    scale = tl.where(spread != spread, size, bounded)
    known = scale > SMALLEST
    seen = tl.where(known, mass - (1 - decay), 0.0)
    share = tl.max(tl.where(seen > 0, scale / size * (seen / tl.max(seen, 0)), 0.0), 0)
    scale = tl.where((share > 0) & (share < 1), scale / share, scale)
    scale = tl.maximum(scale, (1 - noise_decay) * tl.where(tl.abs(loss) < LARGEST, tl.abs(loss - kept), 0.0))
    found = tl.where(known, 1 / scale, float("nan"))
    tl.store(indicators + places, found, mask=here)
    points = tl.where((found > 0) & (found < INFINITY), tl.log(found), INFINITY)
    points = settled(points, task_weights, M, B)
    if K == M and not CHOOSE:
        ranks = apart(points, B)
    else:
        following, starts = optimal_starts(points, K, KB, B)
        number = K
        if CHOOSE:
            number = chosen_number(points, following, starts, criterion, log_factorials, momentum, M, K, KB, B)
        ranks = ranks_of(points, following, starts, number, M, KB, B)
    centres, sizes = groups_of(points, ranks, KB)
    weights = tl.exp(filled(centres, sizes))
    tl.store(group_weights + groups, weights, mask=groups < K)
    tl.store(assignment + places, ranks.to(tl.int64), mask=here)
    # No task further from its own indicator than the reach, and all together at a constant risk.
    own = tl.minimum(tl.maximum(of_tasks(weights, ranks, KB), found / reach), found * reach)
    counted = (ranks >= 0) & (tl.abs(loss) < LARGEST)
    risk = tl.sum(tl.where(counted, own * scale, 0.0), 0)
    factor = tl.sum(counted.to(tl.float64), 0) / risk
    tl.store(task_weights + places, tl.where(counted, own * factor, 0.0), mask=here)


@triton.jit
def _is_told(loss):
    return (tl.abs(loss) < LARGEST) & (loss != 0)


@triton.jit
def _move_mean(state, loss, decay: tl.constexpr, M: tl.constexpr, B: tl.constexpr):
    """Move a sum and its mass in place, as ``move_mean`` does: the mean after the step, and the mass."""
    places = tl.arange(0, B)
    here = places < M
    total = tl.load(state + places, mask=here, other=0.0)
    mass = tl.load(state + M + places, mask=here, other=0.0)
    counted = _is_told(loss)
    total = tl.where(counted, decay * total + (1 - decay) * loss, total)
    mass = tl.where(counted, decay * mass + (1 - decay), mass)
    tl.store(state + places, total, mask=here)
    tl.store(state + M + places, mass, mask=here)
    return total / mass, mass


@triton.jit
def _move_spread(state, loss, decay: tl.constexpr, M: tl.constexpr, B: tl.constexpr):
    """Move a mean and the distances from it in place, as ``move_spread`` does: the spread, and the mass."""
    places = tl.arange(0, B)
    here = places < M
    total = tl.load(state + places, mask=here, other=0.0)
    mass = tl.load(state + M + places, mask=here, other=0.0)
    sums = tl.load(state + 2 * M + places, mask=here, other=0.0)
    distance = tl.where(mass > 0, tl.abs(loss - total / mass), 0.0)
    sums = tl.where(_is_told(loss), decay * sums + (1 - decay) * distance, sums)
    tl.store(state + 2 * M + places, sums, mask=here)
    _, mass = _move_mean(state, loss, decay, M, B)
    return _spread_of(sums, mass, decay), mass


@triton.jit
def _spread_of(sums, mass, decay: tl.constexpr):
    return tl.where(mass > 1 - decay, sums / ((mass - (1 - decay)) / decay), float("nan"))


@triton.jit
def _without_outliers(state, loss, decay: tl.constexpr, outlier: tl.constexpr, M: tl.constexpr, B: tl.constexpr):
    """Bring losses near that lie far off, as ``without_outliers`` does."""
    places = tl.arange(0, B)
    here = places < M
    mass = tl.load(state + M + places, mask=here, other=0.0)
    mean = tl.load(state + places, mask=here, other=0.0) / mass
    spread = _spread_of(tl.load(state + 2 * M + places, mask=here, other=0.0), mass, decay)
    most = outlier * spread / mass + RESTING * tl.abs(mean)
    away = loss - mean
    far = (tl.abs(away) > most) & (most > 0) & _is_told(loss)
    return tl.where(far, tl.where(away > 0, mean + most, mean - most), loss)
