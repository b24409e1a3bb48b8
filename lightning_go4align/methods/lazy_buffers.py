"""State whose size comes with the first call or with the checkpoint."""

from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from lightning_go4align.functional.lasting import WideBuffers


class LazyBuffers(WideBuffers):
    """Let ``load_state_dict`` work before the first call: buffers that are None take the saved size.

    What a state lacks stays as it is, and is told as missing.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> method, resumed = GO4Align(), GO4Align()
        >>> objective = method(torch.tensor([1.0, 2.0, 3.0]))
        >>> resumed.load_state_dict(method.state_dict())
        <All keys matched successfully>
    """

    @override
    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        initialize_buffers(self, prefix, state_dict)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


def initialize_buffers(module: nn.Module, prefix: str, saved: dict[str, Tensor]) -> None:
    """Give a module's own buffers the size that they have in a saved state; one that is not there stays as it is.

    Args:
        module: A module.
        prefix: Its name in the saved state, with a dot behind.
        saved: The ``state_dict`` to be loaded.

    Example:
        >>> module = nn.Module()
        >>> module.register_buffer("state", None)
        >>> initialize_buffers(module, "method.", {"method.state": torch.zeros(3)})
        >>> module.state.shape
        torch.Size([3])
    """
    for name in persistent_buffers(module):
        value = saved.get(prefix + name)
        if isinstance(value, Tensor):
            setattr(module, name, torch.empty_like(value))


def persistent_buffers(module: nn.Module) -> list[str]:
    """Name a module's own buffers that are saved, whether they have a size yet or not.

    Args:
        module: A module.

    Returns:
        Their names.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> persistent_buffers(GO4Align())
        ['log_smoothness']
    """
    return [name for name in module._buffers if name not in module._non_persistent_buffers_set]
