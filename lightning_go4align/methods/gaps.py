"""Losses that a method cannot take, and what it is given instead."""

import torch
from torch import Tensor, nn


def takes_gaps(method: nn.Module) -> bool:
    """Tell whether a method says, by ``skips_missing``, that it takes NaN for an absent or non-finite loss.

    Args:
        method: A scalarizer.

    Returns:
        True if it does.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> from lightning_go4align.methods import SI
        >>> takes_gaps(SI()), takes_gaps(FAMO(2))
        (True, False)
    """
    return bool(getattr(method, "skips_missing", False))


def fill_gaps(losses: Tensor, last: Tensor | None) -> Tensor:
    """Put each absent or non-finite loss's last finite value in its place, without a graph.

    Its weight is then 0, and no NaN enters the state of a method that does not know of absent tasks. In the first
    step the mean of the losses that are there takes its place: a number of another unit would move their weights.

    Args:
        losses: Task losses, any shape.
        last: What this function returned in the step before, detached; None in the first.

    Returns:
        Finite losses, of the same shape; 1 for all if there is no loss at all.

    Example:
        >>> fill_gaps(torch.tensor([2.0, torch.nan]), torch.tensor([3.0, 4.0]))
        tensor([2., 4.])
    """
    present = losses.detach().abs() < torch.inf
    previous = _mean(losses.detach(), present) if last is None else last.to(losses)
    return torch.where(present, losses, previous)


def _mean(losses: Tensor, present: Tensor) -> Tensor:
    number = present.sum(dtype=losses.dtype)
    # Divided before they are added up: the sum of half-precision losses may overflow.
    mean = torch.where(present, losses / number, 0).sum()
    return torch.where(number > 0, mean, 1)
