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

    Its weight is then 0, and no NaN enters the state of a method that does not know of absent tasks.

    Args:
        losses: Task losses, shape ``[M]``.
        last: What this function returned in the step before, detached; None in the first, where 1 takes its place.

    Returns:
        Finite losses, shape ``[M]``.

    Example:
        >>> fill_gaps(torch.tensor([2.0, torch.nan]), torch.tensor([3.0, 4.0]))
        tensor([2., 4.])
    """
    previous = torch.ones_like(losses) if last is None else last.to(losses)
    return torch.where(losses.detach().abs() < torch.inf, losses, previous)
