"""State that each step moves in place, so that a captured CUDA graph goes on from where it stands."""

from typing import Any, Self

import torch
from torch import Tensor, nn
from typing_extensions import override

from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.functional.values import is_batched


def lasting_state(state: Tensor | None, values: Tensor) -> Tensor:
    """Find the tensor that a step may move in place by its values.

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
    if state is None:
        check_not_capturing(values.device)
        return torch.zeros_like(values)
    check_number_of_tasks(values, state.numel())
    return movable(state, values) if state.dtype == values.dtype else movable(state.to(values), values)


def movable(state: Tensor, values: Tensor) -> Tensor:
    """Find the tensor of any shape and dtype that a step may move in place by its values.

    Args:
        state: What the last step left.
        values: What it is moved by.

    Returns:
        The state itself wherever it can be; else a copy on the device of the values, under ``torch.vmap`` one a row.

    Raises:
        RuntimeError: If a copy would have to be made while a CUDA graph is captured.

    Example:
        >>> state = torch.zeros(3)
        >>> movable(state, torch.ones(2)) is state
        True
    """
    if state.device == values.device and not is_batched(values) and not _is_frozen(state):
        return state
    check_not_capturing(values.device)
    return state.to(values.device) + torch.zeros_like(values[:1], dtype=state.dtype)


def _is_frozen(state: Tensor) -> bool:
    """Tell whether a tensor was made under ``torch.inference_mode``, where none can be moved but there."""
    if torch.compiler.is_compiling():
        return False
    return state.is_inference() and not torch.is_inference_mode_enabled()


class WideBuffers(nn.Module):
    """Keep the buffers that are saved as wide as they are where the module is cast to half precision.

    What a method remembers adds up over thousands of steps: half precision would round it away.

    Example:
        >>> module = WideBuffers()
        >>> module.register_buffer("state", torch.ones(2))
        >>> module.half().state.dtype
        torch.float32
    """

    @override
    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        saved = [name for name in self._buffers if name not in self._non_persistent_buffers_set]
        before = {name: self._buffers[name] for name in saved}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's
        for name, state in before.items():
            moved = self._buffers[name]
            if state is not None and moved is not None and moved.dtype.itemsize < state.dtype.itemsize:
                self._buffers[name] = state.to(moved.device)
        return self
