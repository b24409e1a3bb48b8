"""What a CUDA graph cannot hold."""

import torch


def check_not_capturing(device: torch.device) -> None:
    """Refuse to make lasting tensors while a CUDA graph is being captured.

    Its replays would make them anew, and its memory ends with it.

    Args:
        device: Where the tensors would be.

    Raises:
        RuntimeError: If a graph is being captured there.

    Example:
        >>> check_not_capturing(torch.device("cpu"))
    """
    if device.type == "cuda" and torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            "The first call of a method makes its state, which a CUDA graph would make anew at each replay: call the "
            "method once, with as many losses, before the capture."
        )
