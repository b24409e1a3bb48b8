r"""Weights of tasks from the weights of their groups, and how much they are together."""

from typing import Any

from torch import Tensor

from lightning_go4align.functional.arrays import Array, library_of, on_arrays


def within_reach(assignment: Any, weights: Array, indicators: Array, reach: float) -> tuple[Array]:
    r"""Let no task's weight lie out of reach of its own indicator.

    .. math:: \min\big(\max(w^m, \gamma^m / r), r \, \gamma^m\big)

    So no task vanishes beside the others of its group, however few groups there are.

    Args:
        assignment: Group of each task, shape ``[M]``; -1 for a task in no group.
        weights: Weights of the tasks from those of their groups, shape ``[M]``.
        indicators: What each task would weigh alone, shape ``[M]``, positive.
        reach: :math:`r`, at least 1.

    Returns:
        Task weights, shape ``[M]``; 0 for a task in no group.

    Example:
        >>> import numpy as np
        >>> within_reach(np.array([0, 0, -1]), np.array([1.0, 1.0, 0.0]), np.array([2.0, 50.0, np.nan]), 10.0)
        (array([1., 5., 0.]),)
    """
    xp = library_of(indicators)
    bounded = xp.minimum(xp.maximum(weights, indicators / reach), indicators * reach)
    return (xp.where(assignment >= 0, bounded, 0.0),)


def constant_risk(weights: Tensor, scales: Tensor) -> Tensor:
    r"""Let the tasks that are present contribute 1 each in the mean, in every step.

    .. math:: \sum_m w^m S^m = M

    A factor that varies in time, as the mean of the losses does in Eq. 5, would be one in the learning rate.

    Args:
        weights: Task weights up to a factor, shape ``[M]``.
        scales: What each task's loss is measured on, shape ``[M]``; NaN for one that takes no part in this step.

    Returns:
        Task weights, shape ``[M]``; 0 where the scale is NaN.

    Example:
        >>> import torch
        >>> constant_risk(torch.tensor([1.0, 2.0, 5.0]), torch.tensor([4.0, 1.0, torch.nan]))
        tensor([0.3333, 0.6667, 0.0000], dtype=torch.float64)
    """
    return on_arrays(of_constant_risk, weights, scales)[0]


def mean_scale(weights: Tensor, scales: Tensor) -> Tensor:
    r"""Let weights average what they do in Eq. 5: the constant risk times the mean scale of the tasks.

    .. math:: \sum_m w^m S^m = \sum_m S^m

    The objective is then as large as the plain sum, and shrinks with it: for plain SGD, whose steps are as large as
    the gradient.

    Args:
        weights: Task weights up to a factor, shape ``[M]``.
        scales: What each task's loss is measured on, shape ``[M]``; NaN for one that takes no part in this step.

    Returns:
        Task weights, shape ``[M]``; 0 where the scale is NaN.

    Example:
        >>> import torch
        >>> mean_scale(torch.tensor([1.0, 1.0]), torch.tensor([4.0, 1.0]))
        tensor([1., 1.])
    """
    return on_arrays(_mean_scale, weights, scales)[0]


def of_constant_risk(weights: Array, scales: Array) -> tuple[Array]:
    """Do what ``constant_risk`` does, with arrays of either library.

    Args:
        weights: Task weights up to a factor, shape ``[M]``.
        scales: As for ``constant_risk``.

    Returns:
        Task weights, shape ``[M]``.

    Example:
        >>> import numpy as np
        >>> of_constant_risk(np.array([1.0, 2.0, 5.0]), np.array([4.0, 2.0, np.nan]))
        (array([0.25, 0.5 , 0.  ]),)
    """
    xp = library_of(scales)
    present = scales > 0
    total = xp.where(present, weights * scales, 0.0).sum()
    return (xp.where(present, weights * (present.sum() / total), 0.0),)


def _mean_scale(weights: Array, scales: Array) -> tuple[Array]:
    xp = library_of(scales)
    present = scales > 0
    factor = xp.where(present, scales, 0.0).sum() / xp.where(present, weights * scales, 0.0).sum()
    return (xp.where(present, weights * factor, 0.0),)
