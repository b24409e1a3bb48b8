"""What loggers are told of a run's settings, beside the hyperparameters of the user's own module."""

import platform
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger

from lightning_go4align.update.lightning_logs import flattened, own_hyperparameters
from lightning_go4align.update.membership import Owned, callbacks_of

_PACKAGES = ("lightning_go4align", "lightning", "torch", "torchmetrics")


def versions() -> dict[str, str]:
    """Name the versions of Python and of the packages that train.

    Example:
        >>> list(versions())
        ['Python', 'lightning_go4align', 'lightning', 'torch', 'torchmetrics']
    """
    packages = {name: str(import_module(name).__version__) for name in _PACKAGES}
    return {"Python": platform.python_version(), **packages}


def log_settings(trainer: pl.Trainer, more: Mapping[str, Any] | None = None) -> None:
    """Tell loggers how the tasks are balanced, under ``multi_task``, with the hyperparameters of module and data.

    Lightning logs the latter itself, right after ``on_fit_start``; but TensorBoard shows what it was told first, so
    that all has to come at once. Where two have one name, the user's own stays.

    Args:
        trainer: The trainer, in ``setup`` or later.
        more: What else to tell, nested, of types that JSON has.
    """
    if not trainer.enable_autolog_hparams:
        return
    balancing = [callback.settings() for callback in callbacks_of(trainer) if isinstance(callback, Owned)]
    ours = {"multi_task": balancing[0]} if balancing else {}
    settings = {**(more or {}), **ours, **own_hyperparameters(trainer)}
    for logger in trainer.loggers:
        _tell(logger, settings)


def _tell(logger: Logger, settings: dict[str, Any]) -> None:
    if isinstance(logger, MLFlowLogger):
        # It refuses another value for what it was told before, and so would end a second fit.
        told = logger.experiment.get_run(logger.run_id).data.params
        logger.log_hyperparams({name: value for name, value in flattened(settings).items() if name not in told})
    elif isinstance(logger, TensorBoardLogger) and settings.keys() & logger.hparams.keys():
        logger.log_hyperparams(settings, metrics={})  # for its file; its page has taken what it was told first
    else:
        logger.log_hyperparams(settings)
