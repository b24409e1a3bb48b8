r"""Weights of tasks from those of their groups: how much of what a task's own indicator tells is more than noise."""

from typing import Any

from torch import Tensor

from lightning_go4align.functional.arrays import Array, library_of, on_arrays
from lightning_go4align.functional.grouping import Grouping

LEAST, MOST = 1e-12, 1e6  # Variances of logarithms: what is next to nothing, and what tells nothing.


def one_weight_per_group(grouping: Grouping, indicators: Tensor, variances: Tensor) -> Tensor:
    """Give each task its group's weight, as the paper does.

    Args:
        grouping: Groups of the tasks, and their weights.
        indicators: What each task would weigh alone, shape ``[M]``.
        variances: How uncertain the logarithm of each is, shape ``[M]``; of no account here.

    Returns:
        Task weights, shape ``[M]``; 0 for a task in no group.

    Example:
        >>> import torch
        >>> grouping = Grouping(torch.tensor([0, 0, -1]), torch.tensor([4.0]))
        >>> one_weight_per_group(grouping, torch.tensor([2.0, 8.0, torch.nan]), torch.ones(3))
        tensor([4., 4., 0.])
    """
    return grouping.task_weights


def shrunk_to_group(grouping: Grouping, indicators: Tensor, variances: Tensor) -> Tensor:
    r"""Let a task keep of its own indicator what is more than noise: empirical Bayes within its group.

    Taken as a group's centre, a task's own deviation from it and noise of variance :math:`\nu`, a log-indicator tells
    of the deviation

    .. math:: \log w^m = \log \omega_{k(m)} + B^m (\log \gamma^m - \log \omega_{k(m)}), \qquad
              B^m = \frac{\tau^2}{\tau^2 + \nu^m}

    The variance of the deviations, :math:`\tau^2`, is by how much the tasks lie farther from their centres than noise
    explains: it solves :math:`\sum_m (\log \gamma^m - \log \omega_{k(m)})^2 / (\tau^2 + \nu^m) = M - K`, of which one
    step is taken from the mean of :math:`\nu`, and is at least 0. So many tasks of rare labels share one weight, and
    few tasks that are known well keep their own (Efron and Morris, *Stein's estimation rule and its competitors*,
    1973; Paule and Mandel, *Consensus values and weighting factors*, 1982).

    Args:
        grouping: Groups of the tasks, and their weights.
        indicators: What each task would weigh alone, shape ``[M]``.
        variances: How uncertain the logarithm of each is, :math:`\nu`, shape ``[M]``, at least 0. Infinity where it
            is not known: if for one task, all have the weights of their groups.

    Returns:
        Task weights, shape ``[M]``; 0 for a task in no group.

    Example:
        >>> import torch
        >>> grouping = Grouping(torch.tensor([0, 0, 0, -1]), torch.tensor([4.0]))
        >>> indicators = torch.tensor([2.0, 8.0, 4.0, torch.nan])
        >>> shrunk_to_group(grouping, indicators, torch.full((4,), 0.24))  # B = 1 - 0.24 / log(2)^2
        tensor([2.8275, 5.6587, 4.0000, 0.0000])
    """
    logarithms = indicators.log(), grouping.group_weights.log()
    return on_arrays(shrunk, grouping.assignment, *logarithms, variances)[0].to(indicators.dtype)


def shrunk(assignment: Any, logs: Array, centres: Array, variances: Array) -> tuple[Array]:
    """Do what ``shrunk_to_group`` does, with arrays of either library.

    Args:
        assignment: Group of each task, shape ``[M]``; -1 for a task in no group.
        logs: Logarithms of the indicators, shape ``[M]``.
        centres: Those of the groups' weights, shape ``[K]``.
        variances: How uncertain ``logs`` are, shape ``[M]``.

    Returns:
        Task weights, shape ``[M]``; 0 for a task in no group.
    """
    xp = library_of(logs)
    grouped = assignment >= 0
    away = xp.where(grouped, logs - centres[xp.where(grouped, assignment, 0)], 0.0)
    pull = pull_of_group(away, xp.where(grouped, variances, 0.0).clip(max=MOST), grouped, assignment.max() + 1)
    return (xp.where(grouped, xp.exp(logs - pull), 0.0),)


def pull_of_group(away: Array, variances: Array, grouped: Any, num_groups: Any) -> Array:
    """Find what groups take from the logarithms of their tasks' indicators, see ``shrunk_to_group``.

    Args:
        away: How far these lie from their groups', shape ``[M]``; 0 for a task in no group.
        variances: How uncertain they are, shape ``[M]``, finite; 0 for a task in no group.
        grouped: Whether a task is in a group, shape ``[M]``, bool.
        num_groups: Number of groups that have a task.

    Returns:
        What to take from them, shape ``[M]``.

    Example:
        >>> import numpy as np
        >>> pull_of_group(np.array([-1.0, 1.0, 0.0, 0.0]), np.full(4, 0.25), np.full(4, True), 2)  # 1 - B = 1/4
        array([-0.25,  0.25,  0.  ,  0.  ])
    """
    number = grouped.sum()
    mean = (variances.sum() / number).clip(min=LEAST)
    weights = grouped / (variances + mean)
    # With a group for each task none is away from it.
    squares = away @ (weights * away) / (number - num_groups).clip(min=1)
    own = mean + (squares - 1) * number / weights.sum()
    return away / (own.clip(min=LEAST) / variances + 1)  # type: ignore[no-any-return]  # one of two libraries
