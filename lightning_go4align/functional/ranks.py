"""Whether others train along."""

import torch.distributed as dist


def is_distributed() -> bool:
    """Tell whether the process is one of several that train together.

    Returns:
        True within a process group of more than one rank.

    Example:
        >>> is_distributed()
        False
    """
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
