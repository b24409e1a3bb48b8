"""Losses that a method cannot take, and what it is given instead."""

import math

import torch
from torch import Tensor, nn

from lightning_go4align.functional.values import is_readable
from lightning_go4align.renamed import warn_of_former_name


def supports_missing(method: nn.Module) -> bool:
    """Tell whether a method says, by ``supports_missing``, that it takes NaN for an absent or non-finite loss.

    Args:
        method: A scalarizer.

    Returns:
        True if it does.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> from lightning_go4align.methods import SI
        >>> supports_missing(SI()), supports_missing(FAMO(2))
        (True, False)
    """
    if not hasattr(method, "supports_missing") and hasattr(method, "skips_missing"):
        warn_of_former_name(f"{type(method).__name__}.skips_missing", "supports_missing")
        return bool(method.skips_missing)
    return bool(getattr(method, "supports_missing", False))


def impute_missing(losses: Tensor, last: Tensor | None) -> Tensor:
    """Put each absent or non-finite loss's last finite value in its place, without a graph.

    Its weight is then 0, and no NaN enters the state of a method that does not know of absent tasks. In the first
    step the mean of the losses that are there takes its place: a number of another unit would move their weights.

    Args:
        losses: Task losses, any shape.
        last: What this function returned in the step before, detached; None in the first.

    Returns:
        Finite losses, of the same shape; 1 for all if there is no loss at all.

    Example:
        >>> impute_missing(torch.tensor([2.0, torch.nan]), torch.tensor([3.0, 4.0]))
        tensor([2., 4.])
    """
    absent = absent_tasks(losses)
    if absent is None:
        return losses
    previous = _mean(losses.detach(), absent.logical_not()) if last is None else last.to(losses)
    return torch.where(absent, previous, losses)


def absent_tasks(losses: Tensor) -> Tensor | None:
    """Tell which losses are absent or not finite, without a look of the host at a device.

    Args:
        losses: Task losses, any shape.

    Returns:
        Mask of the same shape; None where the host can see that there are none.

    Example:
        >>> absent_tasks(torch.tensor([2.0, torch.nan])), absent_tasks(torch.tensor([2.0, 1.0]))
        (tensor([False,  True]), None)
    """
    values = losses.detach()
    # A sum is finite only where all are. To know it stalls nothing, and in a list it costs a fifth of what masks do.
    if is_readable(values) and math.isfinite(sum(values.flatten().tolist())):
        return None
    return values * 0 != 0  # NaN of NaN and of infinity, in two operations: `isfinite` takes four.


def _mean(losses: Tensor, present: Tensor) -> Tensor:
    number = present.sum(dtype=losses.dtype)
    # Divided before they are added up: the sum of half-precision losses may overflow.
    mean = torch.where(present, losses / number, 0).sum()
    return torch.where(number > 0, mean, 1)
