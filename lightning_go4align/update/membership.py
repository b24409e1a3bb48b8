"""The callbacks of a trainer: the one that drives its module, and those that watch it."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.record import StepWatcher


@runtime_checkable
class Owned(Protocol):
    """What drives a module's training, a ``MultiTaskCallback``.

    Attributes:
        owner: The module that brings it; None if the user gave it to the trainer.
    """

    owner: object | None

    def settings(self) -> Mapping[str, object]:
        """Tell what loggers are to know of it."""

    def join(self, trainer: pl.Trainer, owner: object) -> None:
        """Enter a trainer's callbacks for its module."""

    def read_steps(self) -> object:
        """Copy what waits on the device to the host."""


def callbacks_of(trainer: pl.Trainer) -> list[Callback]:
    """List a trainer's callbacks.

    Args:
        trainer: The trainer.

    Returns:
        Its own list.
    """
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
    return callbacks


def watchers_of(trainer: pl.Trainer) -> list[StepWatcher]:
    """List the callbacks that want to see every step; they work on rank 0 only.

    Args:
        trainer: The trainer.

    Returns:
        Those of them that work on this rank.
    """
    callbacks = callbacks_of(trainer) if trainer.is_global_zero else []
    return [callback for callback in callbacks if isinstance(callback, StepWatcher)]


def enter(trainer: pl.Trainer, callback: Callback, owner: object) -> None:
    """Put a module's callback first, in the place of an earlier module's.

    Args:
        trainer: The trainer.
        callback: The module's ``MultiTaskCallback``.
        owner: The module, which the trainer is about to run.

    Raises:
        MisconfigurationException: If the user gave the trainer one, too.
    """
    if any(other.owner is None for other in _others(trainer, callback)):
        raise MisconfigurationException(
            f"{type(owner).__name__} is a MultiTaskModule and brings its own `MultiTaskCallback`: remove the one in "
            "`trainer.callbacks`, or derive the module from LightningModule."
        )
    rest = [other for other in callbacks_of(trainer) if not isinstance(other, Owned)]
    trainer.callbacks = [callback, *rest]  # type: ignore[attr-defined]  # as in `callbacks_of`


def leave(trainer: pl.Trainer, callback: Callback) -> None:
    """Take a callback out.

    Args:
        trainer: The trainer.
        callback: The callback.
    """
    # A new list, for the old one is being walked through.
    rest = [other for other in callbacks_of(trainer) if other is not callback]
    trainer.callbacks = rest  # type: ignore[attr-defined]  # as in `callbacks_of`


def refuse_second(trainer: pl.Trainer, callback: Callback, module: pl.LightningModule) -> None:
    """Refuse a second callback that would drive the same module.

    Args:
        trainer: The trainer.
        callback: The first.
        module: The module.

    Raises:
        MisconfigurationException: If there is one.
    """
    if any(other.owner in (None, module) for other in _others(trainer, callback)):
        raise MisconfigurationException(
            "Two methods would drive one training step. A MultiTaskModule brings its own `MultiTaskCallback`: "
            "remove the one in `trainer.callbacks`, or keep only one of several."
        )


def _others(trainer: pl.Trainer, callback: Callback) -> list[Owned]:
    return [other for other in callbacks_of(trainer) if isinstance(other, Owned) and other is not callback]
