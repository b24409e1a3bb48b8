"""Who monitors what of a trainer's metrics: how often within an epoch, and under which name that is nobody's."""

from collections.abc import Collection

import lightning.pytorch as pl
from lightning_utilities.core.rank_zero import rank_zero_warn

from lightning_go4align.likeness import nearest_key
from lightning_go4align.update.compatibility import has_saved_nothing, saves_every
from lightning_go4align.update.families import is_known
from lightning_go4align.update.membership import callbacks_of


class Monitored:
    """Know when a number of a step is looked at within an epoch, and tell of a checkpoint that waits in vain.

    Args:
        trainer: The trainer.

    Attributes:
        every: After how many steps each looks who does not wait for the end of an epoch or a validation.

    Example:
        >>> monitored = Monitored(pl.Trainer(logger=False, accelerator="cpu"))
        >>> monitored.begin_epoch([])
        >>> monitored.every
        []
    """

    def __init__(self, trainer: pl.Trainer) -> None:
        self._trainer, self._num_epochs, self.every = trainer, 0, list[int]()

    def begin_epoch(self, known: Collection[str]) -> None:
        """Find out who looks in the first epoch, when schedulers are known, and who waits in the second.

        Args:
            known: Names of the numbers of a step, after the first epoch.
        """
        self._num_epochs += 1
        if self._num_epochs == 1:
            self.every = _steps_between_looks(self._trainer)
        elif self._num_epochs == 2:
            _warn_of_idle_checkpoints(self._trainer, known)


def point_out(trainer: pl.Trainer, error: BaseException) -> None:
    """Add to an error about a metric that is not there which one may have been meant.

    Args:
        trainer: The trainer.
        error: What ended the fit, of any kind.
    """
    if isinstance(error, Exception):
        for name in _missing(trainer):
            near = nearest_key(name, trainer.callback_metrics)
            if near and name in str(error):
                error.add_note(f"Did you mean {near[0]!r}?")


def _steps_between_looks(trainer: pl.Trainer) -> list[int]:
    saving = [saves_every(callback) for callback in callbacks_of(trainer) if is_known(_monitored_by(callback))]
    schedulers = [config for config in trainer.lr_scheduler_configs if config.reduce_on_plateau]
    stepping = [1 for config in schedulers if config.interval == "step" and is_known(config.monitor or "")]
    return [number for number in (*saving, *stepping) if number > 0]


def _warn_of_idle_checkpoints(trainer: pl.Trainer, known: Collection[str]) -> None:
    # Lightning raises an error, but only where a validation has run.
    idle = filter(has_saved_nothing, trainer.checkpoint_callbacks) if not trainer.enable_validation else ()
    for name in sorted({_monitored_by(callback) for callback in idle}):
        near = nearest_key(name, known)
        if near and name not in known:
            rank_zero_warn(
                f"No checkpoint is kept so far: `monitor={name!r}` was not logged in the epoch. Did you mean "
                f"{near[0]!r}?"
            )


def _monitored_by(callback: pl.Callback) -> str:
    name = getattr(callback, "monitor", None)
    return name if isinstance(name, str) else ""


def _missing(trainer: pl.Trainer) -> list[str]:
    named = [_monitored_by(callback) for callback in callbacks_of(trainer)]
    named += [config.monitor or "" for config in trainer.lr_scheduler_configs if config.reduce_on_plateau]
    return [name for name in dict.fromkeys(named) if name and name not in trainer.callback_metrics]
