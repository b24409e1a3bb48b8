"""The upper level of the paper: one objective from weighted task losses."""

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.values import is_readable

NUMPY = {torch.float32: np.float32, torch.float64: np.float64}


def weighted_risk(losses: Tensor, weights: Tensor) -> Tensor:
    r"""Add up the task losses, each with its weight (Eq. 1 and 2).

    .. math:: \lambda^\top \hat L = \omega^\top \mathcal G \hat L

    A task of weight 0 takes no part, even if its loss is NaN. Half-precision losses are weighed in float32.

    Args:
        losses: Task losses, shape ``[M]``, with their graph.
        weights: Task weights, shape ``[M]``, constants; beyond the largest float they count as the largest.

    Returns:
        Objective, shape ``[]``, whose gradient in each loss is that task's weight.

    Example:
        >>> weighted_risk(torch.tensor([1.0, 2.0, torch.nan]), torch.tensor([3.0, 0.5, 0.0]))
        tensor(4.)
    """
    dtype = torch.promote_types(losses.dtype, torch.float32)
    weights = weights.detach()
    if weights.dtype == torch.float64 and is_readable(weights) and losses.is_cpu:
        rounded = np.minimum(weights.numpy(), torch.finfo(dtype).max).astype(NUMPY[dtype])
        constants = torch.from_numpy(rounded)
        if rounded.all():  # Nothing to leave out, and nothing to wait for to know it.
            return losses.to(dtype) @ constants
    else:
        constants = weights.to(dtype).clamp(max=torch.finfo(dtype).max)
    return losses.to(dtype).masked_fill(constants == 0, 0) @ constants
