"""The upper level of the paper: one objective from weighted task losses."""

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.arrays import extremes
from lightning_go4align.functional.values import is_readable

NUMPY = {torch.float32: np.float32, torch.float64: np.float64}
LARGEST = {dtype: torch.finfo(dtype).max for dtype in NUMPY}
SMALLEST = torch.finfo(torch.float32).tiny
FEW = 8  # Weights that are looked at in a list: what is new to the processor's caches costs more than it computes.


def weighted_risk(losses: Tensor, weights: Tensor) -> Tensor:
    r"""Add up the task losses, each with its weight (Eq. 1 and 2).

    .. math:: \lambda^\top \hat L = \omega^\top \mathcal G \hat L

    A task of weight 0 takes no part, even if its loss is NaN. Half-precision losses and integers are weighed in
    float32.

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
    # An fp16 gradient holds no more.
    largest = LARGEST.get(losses.dtype) or torch.finfo(losses.dtype if losses.is_floating_point() else dtype).max
    losses, weights = losses if losses.dtype == dtype else losses.to(dtype), weights.detach()
    in_numpy = weights.dtype in NUMPY and losses.is_cpu and is_readable(weights)
    constants = _usual(weights, largest, dtype) if in_numpy else None
    if constants is None:
        constants = weights.to(dtype).clamp(max=largest)
        losses = losses.masked_fill(constants == 0, 0)
    # By `dot`, for autocast would round losses and weights of a `matmul` to half precision.
    return torch.dot(losses, constants)


def _usual(weights: Tensor, largest: float, dtype: torch.dtype) -> Tensor | None:
    """Round weights in host memory; None if one is not positive, or may be 0 once it is rounded, or too large."""
    numbers = weights.numpy()
    if len(numbers) <= FEW:
        fits = all(SMALLEST < number <= largest for number in numbers.tolist())
    else:
        least, most = extremes(numbers)
        fits = least > SMALLEST and most <= largest
    return torch.from_numpy(numbers.astype(NUMPY[dtype])) if fits else None
