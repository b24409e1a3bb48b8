"""How precisely a device can sum."""

import torch
from torch import Tensor


def widest(device: torch.device) -> torch.dtype:
    """Name the widest floating dtype of a device: float64, which MPS does not have, or float32.

    Example:
        >>> widest(torch.device("cpu")), widest(torch.device("mps"))
        (torch.float64, torch.float32)
    """
    return torch.float32 if device.type == "mps" else torch.float64


def widened(values: Tensor) -> Tensor:
    """Take values in the widest dtype of their device.

    Args:
        values: Numbers without graph, any shape.

    Returns:
        The same numbers.

    Example:
        >>> widened(torch.tensor([0.5]))
        tensor([0.5000], dtype=torch.float64)
    """
    return values.float() if widest(values.device) == torch.float32 else values.double()
