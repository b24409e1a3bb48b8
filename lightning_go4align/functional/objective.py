"""The upper level of the paper: one objective from weighted task losses."""

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.values import is_readable

LARGEST = {dtype: torch.finfo(dtype).max for dtype in (torch.float32, torch.float64)}
SMALLEST = torch.finfo(torch.float32).tiny
FEW = 64  # Weights that are looked at in a list rather than in an array, which costs more to begin with.


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
    dtype = losses.dtype if losses.dtype in LARGEST else torch.float32
    largest = LARGEST.get(losses.dtype) or torch.finfo(losses.dtype).max  # An fp16 gradient holds no more.
    losses, weights = losses if losses.dtype == dtype else losses.to(dtype), weights.detach()
    # By `dot`, for autocast would round losses and weights of a `matmul` to half precision.
    if losses.is_cpu and is_readable(weights) and _are_usual(weights, largest):
        return torch.dot(losses, weights.to(dtype))  # No task to leave out, and no wait to know it.
    constants = weights.to(dtype).clamp(max=largest)
    return torch.dot(losses.masked_fill(constants == 0, 0), constants)


def _are_usual(weights: Tensor, largest: float) -> bool:
    """Tell whether weights in host memory are positive, also in float32, and no larger than allowed."""
    if len(weights) <= FEW:
        return all(SMALLEST < weight <= largest for weight in weights.tolist())
    numbers = weights.numpy()
    return bool(np.minimum.reduce(numbers) > SMALLEST and np.maximum.reduce(numbers) <= largest)
