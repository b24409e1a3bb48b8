"""Forgetting all that a method and its parts remember."""

from typing import Protocol, runtime_checkable

from torch import nn


@runtime_checkable
class Resettable(Protocol):
    """What has a state to forget: TorchJD's ``Stateful``, and a part of the user's that has its ``reset`` only."""

    def reset(self) -> None:
        """Forget it."""


def reset_parts(method: nn.Module) -> None:
    """Reset what a method consists of, however deep it lies.

    As in TorchJD, parameters that a method learns begin anew in place: the optimizer that holds them goes on with
    them, and with its own moments of them.

    Args:
        method: A method that wraps another.

    Example:
        >>> import torch
        >>> from torchjd.scalarization import UW
        >>> method = nn.Sequential(UW(2))
        >>> nn.init.ones_(method[0].log_var)
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
        >>> reset_parts(method)
        >>> method[0].log_var.sum().item()
        0.0
    """
    for part in method.children():
        if isinstance(part, Resettable):
            part.reset()
        else:
            reset_parts(part)
