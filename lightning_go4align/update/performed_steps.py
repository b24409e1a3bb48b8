"""Telling whether an optimizer stepped."""

from collections.abc import Sequence
from typing import Any

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
        self.any = self._is_deaf = False
        self._watched, self._handles = list[Any](), list[RemovableHandle]()

    def watch(self, optimizers: Sequence[Any]) -> None:
        """Begin a batch.

        Args:
            optimizers: Those that may step in it.
        """
        self.any = self._is_deaf
        if optimizers != self._watched:
            self._watch_others(optimizers)

    def _watch_others(self, optimizers: Sequence[Any]) -> None:
        self.forget()
        self._watched, telling = list(optimizers), [optimizer for optimizer in optimizers if _tells(optimizer)]
        self._handles = [optimizer.register_step_post_hook(self._note) for optimizer in telling]
        # One that torch's hooks do not reach counts as Lightning counts it.
        self.any = self._is_deaf = len(telling) < len(optimizers)

    def _note(self, optimizer: Optimizer, *_: Any) -> None:
        overflow = getattr(optimizer, "found_inf", None)  # Set by a scaler that leaves the decision to the optimizer.
        if overflow is None or not overflow.item():
            self.any = True

    def forget(self) -> None:
        """Leave the optimizers as they were."""
        while self._handles:
            self._handles.pop().remove()
        self._watched, self._is_deaf = [], False


def _tells(optimizer: Any) -> bool:
    """Whether torch calls hooks after its step; a wrapper that looks like an optimizer may not be one inside."""
    return hasattr(optimizer, "_optimizer_step_post_hooks") and getattr(type(optimizer).step, "hooked", False)
