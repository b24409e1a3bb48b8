"""The launches: what the kernels read and write, as tensors."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor

from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.criterion_numpy import log_factorials
from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.kernels import paper, robust
from lightning_go4align.functional.loss_scale import fall

WARPS = {16: 1, 32: 4, 64: 8}


class Found(NamedTuple):
    """What a step finds.

    Args:
        indicators: Shape ``[M]``; NaN for an absent task.
        assignment: Group of each task, shape ``[M]``, int64; -1 for a task in none.
        group_weights: Shape ``[K]``, ascending.
        task_weights: Shape ``[M]``; 0 for an absent task.
    """

    indicators: Tensor
    assignment: Tensor
    group_weights: Tensor
    task_weights: Tensor


class Number(NamedTuple):
    """How many groups there are.

    Args:
        most: ``K``, from 1 to ``M``.
        criterion: Averaged scores of 1, 2, ... ``K`` groups, float32, moved in place; None: exactly ``K``.
        momentum: Share of the past in them.
    """

    most: int
    criterion: Tensor | None = None
    momentum: float = 0.0


def weigh_by_kernel(
    losses: Tensor, log_smoothness: Tensor, number: Number, beta: float, reduction: Reduction
) -> Found:
    """Take a step of GO4Align.

    Args:
        losses: Task losses, shape ``[M]``, float64, at most 64.
        log_smoothness: Logarithm of the smoothness vector up to a constant, of the same shape, moved in place.
        number: How many groups.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        What it found.
    """
    losses = losses.contiguous()
    found, rest = _room(losses, number)
    settings = {"beta": beta, "momentum": number.momentum, "MEAN": reduction == "mean"}
    paper.weigh[(1,)](losses, log_smoothness, *found, **rest, **settings)
    return found


def weigh_robustly_by_kernel(
    losses: Tensor, means: Tensor, spreads: Tensor, number: Number, settings: Mapping[str, float]
) -> Found:
    """Take a step of RobustGO4Align.

    Args:
        losses: Task losses, shape ``[M]``, float64, at most 64.
        means: State of ``ExponentialMean``, shape ``[2, M]``, moved in place.
        spreads: State of ``LevelWithinSpread``, shape ``[6, M]``, moved in place.
        number: How many groups.
        settings: ``smoothing_decay``, those of ``LevelWithinSpread``, and ``reach``.

    Returns:
        What it found.
    """
    losses = losses.contiguous()
    found, rest = _room(losses, number)
    given = {**settings, "fall": fall(settings["decay"]), "momentum": number.momentum}
    robust.weigh[(1,)](losses, means, spreads, *found, **rest, **given)
    return found


def sizes(num_tasks: int, most_groups: int) -> dict[str, int]:
    """The constants and options that follow from the number of tasks and of groups.

    Args:
        num_tasks: ``M``.
        most_groups: ``K``.
    """
    block = max(16, triton.next_power_of_2(num_tasks))
    groups = max(2, triton.next_power_of_2(most_groups))
    return {"M": num_tasks, "K": most_groups, "KB": groups, "B": block} | {
        "num_warps": WARPS[block],
        "enable_fp_fusion": False,  # as it is written, and as NumPy does it
    }


def _room(losses: Tensor, number: Number) -> tuple[Found, dict[str, Any]]:
    """Where the kernel writes, in two allocations; and its arguments that follow from the number of groups."""
    num_tasks, most = len(losses), number.most
    indicators, group_weights, task_weights = losses.new_empty(2 * num_tasks + most).split(
        (num_tasks, most, num_tasks)
    )
    assignment = losses.new_empty(num_tasks, dtype=torch.int64)
    choose = number.criterion is not None
    rest = {
        "criterion": number.criterion if choose else losses,
        "log_factorials": _log_factorials(num_tasks + most, losses.device) if choose else losses,
        "CHOOSE": choose,
    }
    return Found(indicators, assignment, group_weights, task_weights), rest | sizes(num_tasks, most)


@cache  # Kept for good: a captured CUDA graph reads it at its every replay.
def _log_factorials(largest: int, device: torch.device) -> Tensor:
    check_not_capturing(device)
    return torch.tensor(log_factorials(largest), dtype=torch.float64, device=device)
