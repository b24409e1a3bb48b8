"""Running sums that are the same in every run."""

import torch
from torch import Tensor


def prefix_sums(values: Tensor) -> Tensor:
    """Add up the first numbers of each row.

    Args:
        values: Numbers, shape ``[..., N]``.

    Returns:
        Sums of the first 1 ... ``N``, in the same shape.

    Example:
        >>> prefix_sums(torch.tensor([1.0, 2.0, 3.0]))
        tensor([1., 3., 6.])
    """
    if not torch.are_deterministic_algorithms_enabled():
        return values.cumsum(-1)
    # CUDA's cumsum of floats is not deterministic: let each number reach 1, 2, 4 ... places further.
    reach = 1
    while reach < values.shape[-1]:
        values = torch.cat([values[..., :reach], values[..., reach:] + values[..., :-reach]], -1)
        reach *= 2
    return values
