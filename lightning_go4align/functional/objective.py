"""The upper level of the paper: one objective from weighted task losses."""

import torch
from torch import Tensor


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
    dtype = torch.promote_types(losses.dtype, torch.float32)
    weights = weights.detach().to(dtype).clamp(max=min(torch.finfo(losses.dtype).max, torch.finfo(dtype).max))
    return losses.to(dtype).masked_fill(weights == 0, 0) @ weights
