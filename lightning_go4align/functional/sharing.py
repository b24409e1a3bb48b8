r"""Weights of tasks from those of their groups: one for all, or what a task's own losses tell beyond their noise."""

import torch
from torch import Tensor

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
        >>> grouping = Grouping(torch.tensor([0, 0, -1]), torch.tensor([4.0]))
        >>> one_weight_per_group(grouping, torch.tensor([2.0, 8.0, torch.nan]), torch.ones(3))
        tensor([4., 4., 0.])
    """
    return grouping.task_weights


def shrunk_to_group(grouping: Grouping, indicators: Tensor, variances: Tensor) -> Tensor:
    r"""Let a task keep of its own indicator what is more than noise: empirical Bayes within its group.

    .. math:: \log w^m = \log \omega_{k(m)} + B^m (\log \gamma^m - \log \omega_{k(m)}), \qquad
              B^m = \frac{\tau^2}{\tau^2 + \nu^m}

    The variance of the tasks' deviations, :math:`\tau^2`, is by how much they lie farther from their groups' weights
    than noise explains. With :math:`y^m = \log \gamma^m - \log \omega_{k(m)}` it solves
    :math:`\sum_m (y^m)^2 / (\tau^2 + \nu^m) = M - K`, towards which one step is taken from the mean of :math:`\nu`,
    and is at least 0. So many tasks of rare labels share one weight, and few tasks that are known well keep their own
    (Efron and Morris, *Stein's estimation rule and its competitors*, 1973; Paule and Mandel, *Consensus values and
    weighting factors*, 1982).

    Args:
        grouping: Groups of the tasks, and their weights.
        indicators: What each task would weigh alone, shape ``[M]``.
        variances: How uncertain the logarithm of each is, :math:`\nu`, shape ``[M]``, at least 0. Infinity where it
            is not known: if for one task, all have the weights of their groups.

    Returns:
        Task weights, shape ``[M]``; 0 for a task in no group.

    Example:
        >>> grouping = Grouping(torch.tensor([0, 0, 0, -1]), torch.tensor([4.0]))
        >>> indicators = torch.tensor([2.0, 8.0, 4.0, torch.nan])
        >>> shrunk_to_group(grouping, indicators, torch.full((4,), 0.24))  # B = 1 - 0.24 / log(2)^2
        tensor([2.8275, 5.6587, 4.0000, 0.0000])
    """
    least = torch.finfo(indicators.dtype).tiny  # A group of a given weight may have 0.
    centres, grouped = grouping.task_weights.clamp(min=least).log(), grouping.assignment >= 0
    away = (indicators.log() - centres).where(grouped, 0.0)
    noise = variances.where(grouped, 0.0).clamp(max=MOST)
    number = grouped.sum()
    mean = (noise.sum() / number).clamp(min=LEAST)
    precisions = grouped / (noise + mean)
    # With a group for each task none is away from it.
    freedom = (number - grouping.assignment.amax() - 1).clamp(min=1)
    own = mean + ((precisions * away.square()).sum() / freedom - 1) * number / precisions.sum()
    kept = 1 - 1 / (own.clamp(min=LEAST) / noise + 1)
    return torch.where(grouped, (centres + kept * away).exp(), 0.0).to(indicators.dtype)
