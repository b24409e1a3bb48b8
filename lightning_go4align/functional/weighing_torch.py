"""A step where the losses are, an accelerator above all: few operations, static shapes, no host read."""

import torch
from torch import Tensor

from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.kmeans_torch import solve_weighed


def weigh_by_torch(
    losses: Tensor, log_smoothness: Tensor, num_groups: int, beta: float, reduction: Reduction
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Move the smoothness vector in place, and find the indicators, their groups, and the weights.

    Args:
        losses: Task losses, shape ``[M]``.
        log_smoothness: Logarithm of the smoothness vector up to a constant, shape ``[M]``.
        num_groups: ``K``, from 1 to ``M``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        Group indicators ``[M]``, group of each task ``[M]``, group weights ``[K]`` and task weights ``[M]``.

    Example:
        >>> losses = torch.tensor([1.0, 4.0], dtype=torch.float64)
        >>> weigh_by_torch(losses, torch.zeros_like(losses), 2, 0.0, "sum")[3]
        tensor([2.5000, 0.6250], dtype=torch.float64)
    """
    indicators = move_by_torch(losses, log_smoothness, beta, reduction)
    return indicators, *solve_weighed(indicators, num_groups)


def move_by_torch(losses: Tensor, log_smoothness: Tensor, beta: float, reduction: Reduction) -> Tensor:
    """Move the smoothness vector in place, and form the indicators.

    Args:
        losses: Task losses, shape ``[M]``.
        log_smoothness: Logarithm of the smoothness vector up to a constant, shape ``[M]``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        Group indicators, shape ``[M]``; NaN for an absent task.

    Example:
        >>> move_by_torch(torch.tensor([1.0, 4.0, torch.nan]), torch.zeros(3), 0.0, "mean")
        tensor([0.8333, 0.2083,    nan])
    """
    # A task that takes no part has a loss of 0 from here on: it leaves its state and the total as they are.
    losses = losses.nan_to_num(0, 0, 0).clamp(min=0)
    log_smoothness.sub_(losses, alpha=beta)
    smoothness = log_smoothness.masked_fill(losses == 0, -torch.inf).softmax(0)
    # The shares of those present, in `scale_vector` and in `masked_softmax`, are each other's inverse.
    total = losses.mean() if reduction == "mean" else losses.sum()
    return total / losses * smoothness  # Infinite times 0, and so NaN, for an absent task.
