"""The evidence for each number of groups, from groupings that are known already."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.arrays import Array, library_of
from lightning_go4align.functional.criterion_numpy import log_factorials
from lightning_go4align.functional.number_of_groups import SCALE, SHAPE, VARIANCE_OF_CENTRES


def group_evidence(points: Array, assignments: Any, centres: Array) -> Array:
    r"""Score the groupings into 1, 2, ... ``K`` groups by how likely each makes the points; the best has the least.

    The model and the formula are those of ``group_number_criterion``, which finds the groupings itself.

    Args:
        points: Logarithms of the indicators, shape ``[M]``.
        assignments: Group of each task in each grouping, shape ``[K, M]``; -1 for a task in none.
        centres: Mean of each group, shape ``[K, K]``; any number for an empty one.

    Returns:
        Minus twice the logarithm of the evidence, shape ``[K]``, without unit.

    Example:
        >>> points = np.log([0.010, 0.011, 0.9, 1.0])
        >>> assignments = np.array([[0, 0, 0, 0], [0, 0, 1, 1]])
        >>> centres = np.array([[points.mean(), 0], [points[:2].mean(), points[2:].mean()]])
        >>> int(group_evidence(points, assignments, centres).argmin()) + 1
        2
    """
    xp = library_of(points)
    most = len(centres)
    present = assignments[0] >= 0
    ranks = _ranks(most, points)
    members = assignments[:, None, :] == ranks[:, None]
    sizes = members.sum(-1)
    number = xp.where(present.any(), present.sum(), 1)
    known = xp.where(present, points, 0.0)
    within = known - xp.where(members, centres[:, :, None], 0.0).sum(1)
    squares = (within * within).sum(-1)
    numbers = ranks + 1
    spare = number - numbers
    variance = (SCALE + squares / 2) / (SHAPE + 1 + xp.where(spare > 0, spare, 0) / 2)
    fit = (number + 2 * (SHAPE + 1)) * xp.log(variance) + (squares + 2 * SCALE) / variance
    ratio = sizes / variance[:, None]
    mean = known.sum() / number
    between = (centres - mean) ** 2 * ratio / (VARIANCE_OF_CENTRES * ratio + 1)
    spread = (xp.log1p(VARIANCE_OF_CENTRES * ratio) + between).sum(1)
    ways = _log_factorial(sizes).sum(1) + _log_factorial(numbers - 1) + _log_factorial(numbers)
    return fit + spread - 2 * (ways - _log_factorial(number + numbers - 1))  # type: ignore[no-any-return]  # one of two libraries


def _ranks(most: int, like: Any) -> Any:
    return torch.arange(most, device=like.device) if isinstance(like, Tensor) else np.arange(most)


def _log_factorial(counts: Any) -> Any:
    if isinstance(counts, Tensor):
        return torch.lgamma(counts.to(torch.float32 if counts.device.type == "mps" else torch.float64) + 1)
    return log_factorials(int(counts.max()))[counts]
