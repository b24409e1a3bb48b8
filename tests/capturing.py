"""What a CUDA graph would make of a step, shown without a device: refusals, replays and launches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from perf.limits import VIEWS  # Those that compute nothing.

# Those that read a value on the host, or whose shape is one; `lift_fresh` is what `torch.tensor` makes of numbers.
REFUSED = {
    "_local_scalar_dense",
    "_unique",
    "_unique2",
    "equal",
    "is_nonzero",
    "item",
    "lift_fresh",
    "masked_select",
    "nonzero",
    "nonzero_static",
    "repeat_interleave",
    "unique_consecutive",
    "unique_dim",
}


class Tape(TorchDispatchMode):
    """Writes down each operation with the memory that it reads and writes, as a graph's capture does."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.operations: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        self.operations.append((function, args, kwargs or {}, found))
        return found

    @property
    def launches(self) -> list[str]:
        """Operations that compute something."""
        names = [function.overloadpacket.__name__ for function, *_ in self.operations]
        return [name for name in names if name not in VIEWS]

    @property
    def refused(self) -> list[str]:
        """Operations that a capture would refuse."""
        return [
            function.overloadpacket.__name__
            for function, args, kwargs, _ in self.operations
            if _is_refused(function, args, kwargs)
        ]

    @torch.no_grad()
    def replay(self) -> None:
        """Do all again in the same memory: what Python did in between is not done again."""
        for function, args, kwargs, before in self.operations:
            now = function(*args, **kwargs)
            for own, other in zip(tree_leaves(before), tree_leaves(now), strict=True):
                if isinstance(own, Tensor) and own.data_ptr() != other.data_ptr():
                    own.copy_(other)


def _is_refused(function: Any, args: Any, kwargs: Any) -> bool:
    name = function.overloadpacket.__name__
    if name in ("index", "index_put", "index_put_"):
        return any(index is not None and index.dtype == torch.bool for index in args[1])
    devices = {leaf.device for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf.ndim > 0}
    to = kwargs.get("device") if name == "_to_copy" else None
    return name in REFUSED or len(devices | ({to} if to is not None else set())) > 1


@contextmanager
def as_on_a_device() -> Iterator[None]:
    """Let tensors in host memory take the way of those on a device: no array of NumPy."""
    modules = [module for name, module in sys.modules.items() if name.startswith("lightning_go4align.")]
    readers = [module for module in modules if "is_readable" in vars(module)]
    patches = [mock.patch.object(module, "is_readable", return_value=False) for module in readers]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def addresses(method: nn.Module) -> dict[str, int]:
    """Where the method's state lies."""
    return {name: state.data_ptr() for name, state in method.named_buffers()}
