"""Where a whole step is one launch: on a CUDA device, where Triton is installed, which no other place imports."""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from lightning_go4align.functional.values import is_traced

MOST_TASKS = 64


def fits_one_launch(losses: Tensor) -> bool:
    """Tell whether ``functional.kernels`` can take a step.

    Args:
        losses: Task losses, shape ``[M]``, without graph.

    Returns:
        True for at most 64 float64 losses on a CUDA device, outside of ``torch.compile`` and ``torch.func``, where
        Triton is installed.

    Example:
        >>> fits_one_launch(torch.ones(3, dtype=torch.float64))
        False
    """
    if not (losses.is_cuda and losses.dtype == torch.float64 and len(losses) <= MOST_TASKS):
        return False
    return type(losses) is Tensor and not is_traced(losses) and _has_triton()


@cache
def _has_triton() -> bool:
    # ROCm's tensors say that they are CUDA's; there nobody has compiled the kernels yet.
    return torch.version.cuda is not None and find_spec("triton") is not None
