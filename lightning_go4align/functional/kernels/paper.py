"""A step of GO4Align in one launch."""

import triton
import triton.language as tl

from lightning_go4align.functional.kernels.intervals import (
    INFINITY,
    filled,
    groups_of,
    of_tasks,
    optimal_starts,
    ranks_of,
    settled,
)
from lightning_go4align.functional.kernels.number import chosen_number


@triton.jit
def weigh(
    losses,
    log_smoothness,
    indicators,
    assignment,
    group_weights,
    task_weights,
    criterion,
    log_factorials,
    beta: tl.constexpr,  # A number is handed over as a float32, a constant as it is.
    momentum: tl.constexpr,
    MEAN: tl.constexpr,
    CHOOSE: tl.constexpr,
    M: tl.constexpr,
    K: tl.constexpr,
    KB: tl.constexpr,
    B: tl.constexpr,
):
    """Move the smoothness vector (Eq. 6), form the indicators (Eq. 5, 7), group them (Eq. 3) and weigh (Eq. 4).

    Args:
        losses: Pointer to the losses, shape ``[M]``, float64.
        log_smoothness: To the state, moved in place.
        indicators: To where they go, shape ``[M]``.
        assignment: To where it goes, shape ``[M]``, int64.
        group_weights: To where they go, shape ``[K]``.
        task_weights: To where they go, shape ``[M]``.
        criterion: To the averaged scores of each number of groups, float32; of anything unless ``CHOOSE``.
        log_factorials: As for ``chosen_number``; to anything unless ``CHOOSE``.
        beta: Temperature.
        momentum: Share of the past in the averaged scores.
        MEAN: Whether a loss is compared with the mean, not with the sum.
        CHOOSE: Whether the number of groups is chosen, from 1 to ``K``.
        M: Number of tasks.
        K: Number of groups.
        KB: The power of two that holds it.
        B: The power of two that holds the tasks.
    """
    places = tl.arange(0, B)
    here = places < M
    loss = tl.load(losses + places, mask=here, other=0.0)
    present = (loss > 0) & (loss < INFINITY)
    state = tl.load(log_smoothness + places, mask=here, other=0.0)
    state = tl.where(present, state - beta * loss, state)
    tl.store(log_smoothness + places, state, mask=here)
    logits = tl.where(present, state, -INFINITY)
    powers = tl.where(present, tl.exp(logits - tl.max(logits, 0)), 0.0)
    total = tl.sum(tl.where(present, loss, 0.0), 0)
    if MEAN:
        total = total / M
    # The shares of those present, in Eq. 5 and in Eq. 6, are each other's inverse.
    found = tl.where(present, total / loss * (powers / tl.sum(powers, 0)), float("nan"))
    tl.store(indicators + places, found, mask=here)
    points = settled(tl.where(found < INFINITY, found, INFINITY), task_weights, M, B)
    number = K
    if CHOOSE:
        logs = tl.where((points > 0) & (points < INFINITY), tl.log(points), INFINITY)
        of_logs, starts_of_logs = optimal_starts(logs, K, KB, B)
        number = chosen_number(logs, of_logs, starts_of_logs, criterion, log_factorials, momentum, M, K, KB, B)
    following, starts = optimal_starts(points, K, KB, B)
    ranks = ranks_of(points, following, starts, number, M, KB, B)
    means, sizes = groups_of(points, ranks, KB)
    groups = tl.arange(0, KB)
    tl.store(group_weights + groups, filled(means, sizes), mask=groups < K)
    tl.store(assignment + places, ranks.to(tl.int64), mask=here)
    tl.store(task_weights + places, of_tasks(means, ranks, KB), mask=here)
