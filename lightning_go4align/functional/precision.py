"""How precisely a device can sum."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.values import is_readable


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
    if values.dtype == torch.float32 and is_readable(values):
        return torch.from_numpy(values.numpy().astype(np.float64))  # In a fifth of the time that `to` takes.
    return values.to(widest(values.device))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Compute as tensors say: autocast would round the products of a method to half precision.

    Args:
        device: Where the losses are.

    Example:
        >>> with torch.autocast("cpu", torch.bfloat16), without_autocast(torch.device("cpu")):
        ...     (torch.ones(1, 1) @ torch.ones(1, 1)).dtype
        torch.float32
    """
    # To enter a context costs a step as much as three operations, which most steps need not.
    return torch.autocast(device.type, enabled=False) if torch.is_autocast_enabled(device.type) else nullcontext()
