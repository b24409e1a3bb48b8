"""State that each step moves in place."""

import torch
from torch import Tensor

from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.functional.values import is_batched


def lasting_state(state: Tensor | None, values: Tensor) -> Tensor:
    """Find the tensor that a step may move in place.

    Args:
        state: What the last step left, shape ``[M]``; None before the first.
        values: What it is moved by, shape ``[M]``.

    Returns:
        The state itself wherever it can be moved by the values; else one that can, equal to it, or zeros.

    Raises:
        ValueError: If the number of values is another.
        RuntimeError: If one would have to be made while a CUDA graph is captured.

    Example:
        >>> state = lasting_state(None, torch.ones(2))
        >>> state, lasting_state(state, torch.ones(2)) is state
        (tensor([0., 0.]), True)
    """
    if state is not None:
        check_number_of_tasks(values, state.numel())
        if _takes(state, values):
            return state
    check_not_capturing(values.device)
    zeros = torch.zeros_like(values)  # Under ``torch.vmap`` one state a row.
    return zeros if state is None else zeros + state.to(values)


def _takes(state: Tensor, values: Tensor) -> bool:
    if state.dtype != values.dtype or state.device != values.device or is_batched(values):
        return False
    return not state.is_inference() or torch.is_inference_mode_enabled()
