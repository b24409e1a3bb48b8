"""The whole of a step from task losses to task weights (Eq. 3 to 7), where the losses are."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.cluster_starts import Floats
from lightning_go4align.functional.grouping import Grouping, check_num_groups
from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.one_launch import fits_one_launch
from lightning_go4align.functional.values import is_readable
from lightning_go4align.functional.weighing_numpy import LARGEST, LEAST, move_by_numpy, weigh_by_numpy
from lightning_go4align.functional.weighing_plain import FEW, weigh_plainly
from lightning_go4align.functional.weighing_torch import move_by_torch, weigh_by_torch


class Weighing(NamedTuple):
    """What a step finds.

    Args:
        indicators: Group indicators, shape ``[M]``; NaN for an absent task.
        grouping: Their optimal grouping.
        task_weights: Weight of each task, shape ``[M]``; 0 for an absent one.
    """

    indicators: Tensor
    grouping: Grouping
    task_weights: Tensor


def weigh_tasks(
    losses: Tensor, log_smoothness: Tensor, num_groups: int, beta: float, reduction: Reduction
) -> Weighing:
    """Move the smoothness vector in place, form the group indicators, group them exactly and weigh the tasks.

    Args:
        losses: Task losses, shape ``[M]``, without graph, in the widest dtype of their device. A task whose loss is
            not positive and finite takes no part and keeps its state.
        log_smoothness: Logarithm of the smoothness vector up to a constant, of the same shape, dtype and device.
        num_groups: ``K``, from 1 to ``M``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        The indicators, their grouping and the task weights.

    Raises:
        ValueError: If ``K`` is larger than ``M``.

    Example:
        >>> losses = torch.tensor([1.0, 1.1, 100.0], dtype=torch.float64)
        >>> weigh_tasks(losses, torch.zeros_like(losses), 2, 1e-4, "sum").task_weights
        tensor([32.5933, 32.5933,  0.3381], dtype=torch.float64)
    """
    check_num_groups(num_groups, losses.numel())
    if is_readable(losses):
        arrays = _weigh_on_host(losses.numpy(), log_smoothness.numpy(), num_groups, beta, reduction)
        indicators, assignment, means, weights = map(torch.from_numpy, arrays)
    elif fits_one_launch(losses):
        return weigh_in_one_launch(losses, log_smoothness, beta, reduction, num_groups)
    else:
        indicators, assignment, means, weights = weigh_by_torch(losses, log_smoothness, num_groups, beta, reduction)
    return Weighing(indicators, Grouping(assignment, means), weights)


def _weigh_on_host(
    losses: Floats, log_smoothness: Floats, num_groups: int, beta: float, reduction: Reduction
) -> Iterable[NDArray[Any]]:
    if len(losses) <= FEW:
        numbers: list[float] = losses.tolist()
        if all(LEAST < number < LARGEST for number in numbers):
            state = [state - beta * loss for state, loss in zip(log_smoothness.tolist(), numbers, strict=True)]
            log_smoothness[:] = state
            return map(np.array, weigh_plainly(numbers, state, num_groups, reduction))
    return weigh_by_numpy(losses, log_smoothness, num_groups, beta, reduction)


def weigh_in_one_launch(
    losses: Tensor,
    log_smoothness: Tensor,
    beta: float,
    reduction: Reduction,
    num_groups: int,
    criterion: Tensor | None = None,
    momentum: float = 0.0,
) -> Weighing:
    """Do what ``weigh_tasks`` does where ``fits_one_launch`` says that it can be done at once.

    Args:
        losses: As for ``weigh_tasks``.
        log_smoothness: As for ``weigh_tasks``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.
        num_groups: ``K``.
        criterion: Averaged scores of 1, 2, ... ``K`` groups, as for ``choose_groups``; None: exactly ``K``.
        momentum: Share of the past in them.

    Returns:
        The indicators, their grouping and the task weights.
    """
    from lightning_go4align.functional.kernels.launch import Number, weigh_by_kernel  # Needs Triton.

    number = Number(num_groups, criterion, momentum)
    found = weigh_by_kernel(losses, log_smoothness, number, beta, reduction)
    return Weighing(found.indicators, Grouping(found.assignment, found.group_weights), found.task_weights)


def move_indicators(losses: Tensor, log_smoothness: Tensor, beta: float, reduction: Reduction) -> Tensor:
    """Move the smoothness vector in place and form the group indicators.

    Args:
        losses: As for ``weigh_tasks``.
        log_smoothness: As for ``weigh_tasks``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        Group indicators, shape ``[M]``; NaN for an absent task.

    Example:
        >>> state = torch.zeros(2, dtype=torch.float64)
        >>> move_indicators(torch.tensor([1.0, 3.0], dtype=torch.float64), state, 0.0, "sum")
        tensor([2.0000, 0.6667], dtype=torch.float64)
    """
    if is_readable(losses):
        return torch.from_numpy(move_by_numpy(losses.numpy(), log_smoothness.numpy(), beta, reduction))
    return move_by_torch(losses, log_smoothness, beta, reduction)
