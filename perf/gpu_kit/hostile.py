"""Losses that break other code."""

import torch
from torch import Tensor


def hostile(number: int, num_tasks: int, seed: int) -> Tensor:
    """Draw losses over twelve decades, a tenth of them of the kinds that break other code.

    Args:
        number: Number of steps.
        num_tasks: ``M``.
        seed: Of the draw.

    Returns:
        Losses, shape ``[number, M]``, float64.
    """
    generator = torch.Generator().manual_seed(seed)
    losses = 10 ** (12 * torch.rand(number, num_tasks, generator=generator, dtype=torch.float64) - 6)
    kinds = torch.tensor([0.0, -1.0, 1e-40, 3e38, torch.nan, torch.inf, 1.0, 2.0], dtype=torch.float64)
    drawn = kinds[torch.randint(len(kinds), losses.shape, generator=generator)]
    return torch.where(torch.rand(losses.shape, generator=generator) < 0.1, drawn, losses)
