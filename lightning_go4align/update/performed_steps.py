"""Telling whether an optimizer stepped."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle


class PerformedSteps:
    """Tell whether an optimizer has stepped since it was last asked, without a look at any tensor.

    Lightning counts a step where none was made: the gradient scaler of half precision skips those whose gradients
    overflow, and an ``optimizer_step`` of the user's may leave some out. Only a fused optimizer under a scaler
    decides on the device; its verdict is read, as the scaler reads it for every other one.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(()))])
        >>> performed = PerformedSteps()
        >>> performed.watch([optimizer])
        >>> performed.any
        False
        >>> optimizer.step()
        >>> performed.any
        True
    """

    def __init__(self) -> None:
        self.any = False
        self._watched: WeakSet[Optimizer] = WeakSet()
        self._handles: list[RemovableHandle] = []

    def watch(self, optimizers: Iterable[Any]) -> None:
        """Begin a batch.

        Args:
            optimizers: Those that may step in it.
        """
        self.any = False
        for optimizer in optimizers:
            if not _tells(optimizer):
                self.any = True  # One that torch's hooks do not reach counts as Lightning counts it.
            elif optimizer not in self._watched:
                self._watched.add(optimizer)
                self._handles.append(optimizer.register_step_post_hook(self._note))

    def _note(self, optimizer: Optimizer, *_: Any) -> None:
        overflow = getattr(optimizer, "found_inf", None)  # Set by a scaler that leaves the decision to the optimizer.
        if overflow is None or not overflow.item():
            self.any = True

    def forget(self) -> None:
        """Leave the optimizers as they were."""
        while self._handles:
            self._handles.pop().remove()
        self._watched.clear()


def _tells(optimizer: Any) -> bool:
    """Whether torch calls hooks after its step; a wrapper that looks like an optimizer may not be one inside."""
    return hasattr(optimizer, "_optimizer_step_post_hooks") and getattr(type(optimizer).step, "hooked", False)
