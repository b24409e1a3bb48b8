"""How Lightning logs, and its private names that are read; where a version lacks one, a fit goes on without.

Those that driving its optimizers needs are in ``compatibility``. No other file takes a private name of Lightning.
"""

import sys
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any

import lightning.pytorch as pl
from lightning import __version__
from lightning.pytorch.loggers import Logger
from lightning_utilities.core.rank_zero import rank_zero_warn

_APART = "what the module logs under a name that the method's numbers have is not kept apart from them"
_PAGE = "TensorBoard's page of hyperparameters shows no settings of the method, which `multi_task.yaml` holds"
_WITHIN = "a `ModelCheckpoint` that saves within an epoch may find an older mean than that of its step, or none"
LEFT_OUT = {
    "_results": _APART,
    "fit_loop.epoch_loop.val_loop._results": _APART,
    "_logger_connector._logged_metrics": _APART,
    "_logger_connector": "numbers stand at the optimizer's step, also where the module logs a `step` of its own",
    "_log_hyperparams": "loggers get the method's settings without regard to the module's own of the same name",
    "_flatten_dict": "MLflow gets no settings of the method, and TensorBoard's page of hyperparameters shows none",
    "_default_hp_metric": _PAGE,
    "_sanitize_params": _PAGE,
    "_get_file_writer": _PAGE,  # of torch's or tensorboardX's writer
    "_train_time_interval": _WITHIN,
    "_every_n_train_steps": _WITHIN,
    "_every_n_epochs": "a misspelt `monitor` of a `ModelCheckpoint` is not pointed out",
    "_given_hyperparameters": "a checkpoint of a module that LightningCLI built does not hold how its method is made",
}


def logged_names(trainer: pl.Trainer) -> set[str]:
    """List the names under which the module has logged, also for the progress bar alone; no value is read.

    As far as they are known: those of this trainer's epochs, its earlier fits and its validations, that of the sanity
    check included, whose values no logger gets.

    Args:
        trainer: The trainer, fitting.

    Returns:
        The names, as the loggers see them.

    Example:
        >>> logged_names(pl.Trainer(logger=False, enable_checkpointing=False))
        set()
    """
    found = [*_results(trainer), *_results(trainer, "fit_loop.epoch_loop.val_loop._results")]
    metas = [result.meta for result in found]
    now = {meta.forked_name(on_step) for meta in metas for on_step in (meta.on_step, not meta.on_epoch)}
    return now | set(private(trainer, "_logger_connector._logged_metrics") or ())


def names_of_round(trainer: pl.Trainer) -> set[str]:
    """List the names under which something was logged since the epoch, or the validation, began; no value is read.

    Args:
        trainer: The trainer.

    Returns:
        The names, as they were given.

    Example:
        >>> names_of_round(pl.Trainer(logger=False, enable_checkpointing=False))
        set()
    """
    return {result.meta.name for result in _results(trainer) if not result.has_reset}


def _results(trainer: pl.Trainer, path: str = "_results") -> list[Any]:
    """What was logged in the loop that runs, or in another; nothing if none runs."""
    results: Mapping[Any, Any] = private(trainer, path) or {}
    return list(results.values())


def step_on_axis(trainer: pl.Trainer) -> int:
    """Tell where on the loggers' axis a row stands: where the module's stand, which may log a ``step`` of its own.

    Args:
        trainer: The trainer, after a step or a validation.

    Returns:
        That step, which is read only if there is one; else the number of the last optimizer step, from 0.
    """
    if any(result.meta.name == "step" and result.meta.logger for result in _results(trainer)):
        connector = private(trainer, "_logger_connector")
        chosen = None if connector is None else connector.metrics["log"].get("step")
        if chosen is not None:
            return int(chosen)
    return trainer.global_step - 1


def log_row(trainer: pl.Trainer, row: Mapping[str, float], step: int) -> None:
    """Give a row to the loggers, which keep it at once, as Lightning has it: a run that is killed loses none.

    Args:
        trainer: The trainer.
        row: Numbers by their names.
        step: Where on the loggers' axis it stands.

    Example:
        >>> log_row(pl.Trainer(logger=False, enable_checkpointing=False), {"objective": 1.0}, 9)
    """
    for logger in trainer.loggers:
        logger.log_metrics(dict(row), step=step)
        logger.save()


def is_kind(logger: Logger, kind: type[Logger]) -> bool:
    """Tell whether a logger is of a kind, in the package ``lightning`` or in ``pytorch_lightning``.

    Example:
        >>> from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
        >>> is_kind(CSVLogger("logs"), CSVLogger), is_kind(CSVLogger("logs"), TensorBoardLogger)
        (True, False)
    """
    other = sys.modules.get("pytorch_lightning.loggers")
    return isinstance(logger, (kind, getattr(other, kind.__name__, kind)))


def private(owner: Any, path: str) -> Any:
    """Read a private name of Lightning; where there is none, tell once what is left out.

    Args:
        owner: What has it.
        path: One of ``LEFT_OUT``.

    Returns:
        Its value; None if this version of Lightning lacks it.

    Example:
        >>> private(pl.LightningModule(), "_log_hyperparams")
        False
    """
    if exists(owner, path):
        return attrgetter(path)(owner)
    _tell_of_missing(path)
    return None


@cache
def _tell_of_missing(path: str) -> None:
    rank_zero_warn(
        f"Lightning {__version__}, or what it works with, lacks the private name `{path}`: {LEFT_OUT[path]}. "
        "Training goes on as ever. Install a version of Lightning that has it, or a newer lightning-go4align."
    )


def exists(owner: Any, path: str) -> bool:
    """Tell whether there is an attribute.

    Args:
        owner: What may have it.
        path: Its name, or several joined by dots.

    Example:
        >>> exists(pl.LightningModule(), "_log_hyperparams"), exists(pl.LightningModule(), "trainers.first")
        (True, False)
    """
    for name in path.split("."):
        if not hasattr(owner, name):
            return False
        owner = getattr(owner, name)
    return True
