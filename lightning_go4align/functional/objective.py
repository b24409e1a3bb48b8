"""The upper level of the paper: one objective from weighted task losses."""

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.values import is_readable

NUMPY = {torch.float32: np.float32, torch.float64: np.float64}
LARGEST = {dtype: torch.finfo(dtype).max for dtype in NUMPY}


def weighted_risk(losses: Tensor, weights: Tensor) -> Tensor:
    r"""Add up the task losses, each with its weight (Eq. 1 and 2).

    .. math:: \lambda^\top \hat L = \omega^\top \mathcal G \hat L

    A task of weight 0 takes no part, even if its loss is NaN. Half-precision losses are weighed in float32.

    Args:
        losses: Task losses, shape ``[M]``, with their graph.
        weights: Task weights, shape ``[M]``, constants; beyond the largest number of the losses' own dtype, in which
            the gradient flows back to them, they count as that.

    Returns:
        Objective, shape ``[]``, whose gradient in each loss is that task's weight.

    Example:
        >>> weighted_risk(torch.tensor([1.0, 2.0, torch.nan]), torch.tensor([3.0, 0.5, 0.0]))
        tensor(4.)
    """
    largest = torch.finfo(losses.dtype).max  # An fp16 gradient holds no more.
    dtype = losses.dtype if losses.dtype in LARGEST else torch.float32
    losses, weights = losses.to(dtype), weights.detach()
    if weights.dtype == torch.float64 and losses.is_cpu and is_readable(weights):
        rounded = np.minimum(weights.numpy(), min(largest, LARGEST[dtype])).astype(NUMPY[dtype])
        constants = torch.from_numpy(rounded)
        if np.count_nonzero(rounded) == len(rounded):  # No task to leave out, and no wait to know it.
            return losses @ constants
    else:
        constants = weights.to(dtype).clamp(max=min(largest, LARGEST[dtype]))
    return losses.masked_fill(constants == 0, 0) @ constants
