"""Whether a fit goes on where the one before ended."""

import weakref
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.trainer.states import TrainerStatus
from lightning_utilities.core.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor, nn

from lightning_go4align.methods.state import full_state
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.misconfiguration import MisconfigurationException

# As a method was before its first fit, whoever fits with it: a second callback or module knows nothing of the first.
_BEGUN: weakref.WeakKeyDictionary[nn.Module, dict[str, Any]] = weakref.WeakKeyDictionary()


class Continuation:
    """Tell a fit that goes on with the one before from one that begins anew, as the folds of a cross-validation do.

    A fit goes on if the same trainer fits the same module again, or if the parameters are those of the fit before and
    nobody changed them since, whatever module and trainer hold them now. It begins anew for another model, and where
    the model was set back. A resume from a checkpoint is for the checkpoint to say.

    Attributes:
        has_gone_on: Whether the last fit that began went on.
        notice: What a user should know of that; None if there is nothing to tell.

    Example:
        >>> from lightning.pytorch.demos.boring_classes import BoringModel
        >>> module, trainer = BoringModel(), pl.Trainer(logger=False, enable_checkpointing=False)
        >>> fits = Continuation()
        >>> fits.goes_on(trainer, module)
        False
        >>> fits.end(trainer, module)
        >>> fits.goes_on(trainer, module), fits.goes_on(trainer, BoringModel())
        (True, False)
    """

    def __init__(self) -> None:
        self.has_gone_on = False
        self.notice: str | None = None
        self._say: Callable[[str], None] = rank_zero_info
        self._trained: list[tuple[weakref.ref[nn.Parameter], int]] = []
        self._pair: tuple[weakref.ref[pl.Trainer], weakref.ref[pl.LightningModule]] | None = None
        self._running: weakref.ref[pl.Trainer] | None = None

    def begin(self, trainer: pl.Trainer, module: pl.LightningModule, memory: Memory) -> None:
        """Let a method go on with the fit before or begin anew, and note which in ``notice``.

        Args:
            trainer: The trainer, in its ``setup``.
            module: The module that it is about to fit.
            memory: What is remembered of the method.

        Raises:
            MisconfigurationException: If the fit before still runs, in another trainer.
        """
        before = None if self._running is None else self._running()
        if before is not None and before is not trainer and before.state.status == TrainerStatus.RUNNING:
            raise MisconfigurationException(
                "This `MultiTaskCallback` is in a fit of another trainer, which still runs. A fit in a fit, or in "
                "another thread, needs a callback and a method of its own: make new ones for it."
            )
        self._running = weakref.ref(trainer)
        self.notice, self._say, self.has_gone_on = None, rank_zero_info, self.goes_on(trainer, module)
        state = full_state(memory.method)
        if self.has_gone_on:
            if self._pair is not None and self._pair[0]() is not trainer:
                memory.end_epoch()
            self.notice = f"This fit goes on with what {memory.method} learned in the one before, as the model does."
        elif memory.begin_anew():
            self.notice = (
                f"This fit begins anew: what {memory.method} learned in the one before is forgotten, for the model "
                "is another. To go on, resume from a checkpoint, or fit the same module with the same trainer."
            )
        elif not _is_same(state, _BEGUN.setdefault(memory.method, state)):
            self._say = rank_zero_warn
            self.notice = (
                f"{memory.method} was trained before, under another `MultiTaskCallback` or module, and goes on with "
                "what it learned there. If this model is another, as in the next fold, give it a method of its own, "
                "or call the method's `reset()` before."
            )

    def goes_on(self, trainer: pl.Trainer, module: pl.LightningModule) -> bool:
        """Compare a fit that begins with the one that ended last.

        Args:
            trainer: The trainer, in its ``setup``.
            module: The module that it is about to fit.

        Returns:
            Whether it goes on with it; False if there was none.
        """
        if self._pair is None:
            return False
        again = self._pair[0]() is trainer and self._pair[1]() is module and trainer.global_step > 0
        return again or self._is_unchanged(module)

    def tell(self) -> None:
        """Say what a user should know of the fit that begins, unless a checkpoint was loaded since."""
        if self.notice is not None:
            self._say(self.notice)

    def _is_unchanged(self, module: pl.LightningModule) -> bool:
        now = list(module.parameters())
        return len(now) == len(self._trained) and all(
            before() is parameter and version == parameter._version
            for (before, version), parameter in zip(self._trained, now, strict=True)
        )

    def is_of(self, trainer: pl.Trainer) -> bool:
        """Tell whether the fit that began last is this trainer's.

        Args:
            trainer: The trainer.

        Returns:
            True if it is.
        """
        return self._running is not None and self._running() is trainer

    def end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Note where a fit ended.

        Args:
            trainer: The trainer.
            module: The module, trained.
        """
        self._pair = (weakref.ref(trainer), weakref.ref(module))
        # A version counts how often a parameter was changed in place.
        self._trained = [(weakref.ref(parameter), parameter._version) for parameter in module.parameters()]


def _is_same(state: Any, other: Any) -> bool:
    """Compare what `full_state` returned at two times; NaN is the same as NaN."""
    if isinstance(state, dict) and isinstance(other, dict):
        return state.keys() == other.keys() and all(_is_same(state[name], other[name]) for name in state)
    if isinstance(state, list | tuple) and isinstance(other, list | tuple):
        return len(state) == len(other) and all(map(_is_same, state, other))
    if isinstance(state, Tensor) and isinstance(other, Tensor):
        return state.shape == other.shape and bool(torch.isclose(state, other.to(state), 0, 0, equal_nan=True).all())
    return type(state) is type(other) and bool(state == other)
