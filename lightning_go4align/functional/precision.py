"""How precisely a device can sum."""

import torch


def widest(device: torch.device) -> torch.dtype:
    """Name the widest floating dtype of a device: float64, which MPS does not have, or float32.

    Example:
        >>> widest(torch.device("cpu")), widest(torch.device("mps"))
        (torch.float64, torch.float32)
    """
    return torch.float32 if device.type == "mps" else torch.float64
