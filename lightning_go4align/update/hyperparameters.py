"""What loggers are told of a run's settings, beside the hyperparameters of the user's own module."""

import platform
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import lightning.pytorch as pl
from lightning.fabric.utilities import logger as logging_of_lightning
from lightning.pytorch.core.saving import save_hparams_to_yaml
from lightning.pytorch.loggers import CometLogger, CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from lightning_utilities.core.imports import RequirementCache
from lightning_utilities.core.rank_zero import rank_zero_only

from lightning_go4align.update.lightning_logs import is_kind, private
from lightning_go4align.update.membership import Owned, callbacks_of

#: Beside ``hparams.yaml``, which ``load_from_checkpoint`` takes for the arguments of the user's module.
SETTINGS_FILE = "multi_task.yaml"
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
    """Tell loggers how the tasks are balanced, under ``multi_task``; a name that the user's module has stays its own.

    Lightning logs the hyperparameters of module and data itself, right after ``on_fit_start``; but the page of
    TensorBoard shows what it was told first, so that there all has to come at once.

    Args:
        trainer: The trainer, in ``setup`` or later.
        more: What else to tell, nested, of types that JSON has.
    """
    own, ours = _own_hyperparameters(trainer), _balancing(trainer)
    settings = {**(more or {}), **ours}
    page = {**settings, **own} if own or more else {}  # Else the user may be the first to write it, or `log_tasks`.
    for logger in _told(trainer):
        _tell(logger, ours, page, _but(own, settings))


def log_tasks(trainer: pl.Trainer) -> None:
    """Tell what has become known, and no hyperparameter of the user's: they may have changed theirs since.

    Args:
        trainer: The trainer, after a step.
    """
    own, ours = _own_hyperparameters(trainer), _balancing(trainer)
    for logger in _told(trainer):
        if any(is_kind(logger, kind) for kind in (*_WITH_FILES, *_ADDING)):
            _tell(logger, ours, {} if own else ours, _but(own, ours))


_WITH_FILES = (CSVLogger, TensorBoardLogger)
_ADDING = (WandbLogger, MLFlowLogger, CometLogger)  # To what they were told; others may let go of that.


def _told(trainer: pl.Trainer) -> list[Logger]:
    return trainer.loggers if trainer.enable_autolog_hparams else []


def _balancing(trainer: pl.Trainer) -> dict[str, Any]:
    balancing = [callback.settings() for callback in callbacks_of(trainer) if isinstance(callback, Owned)]
    return {"multi_task": balancing[0]} if balancing else {}


def _but(own: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in own}


def _tell(logger: Logger, kept: dict[str, Any], page: dict[str, Any], settings: dict[str, Any]) -> None:
    if any(is_kind(logger, kind) for kind in _WITH_FILES):
        _keep_beside(logger, SETTINGS_FILE, kept)
        if page and is_kind(logger, TensorBoardLogger):
            _show_in_tensorboard(logger, page)
    elif is_kind(logger, MLFlowLogger):
        # It refuses another value for what it was told before, and so would end a second fit.
        known = cast(Any, logger).experiment.get_run(cast(Any, logger).run_id).data.params
        logger.log_hyperparams({name: value for name, value in flattened(settings).items() if name not in known})
    else:
        logger.log_hyperparams(settings)


def _own_hyperparameters(trainer: pl.Trainer) -> dict[str, Any]:
    """What Lightning logs of the module's and the data's: what ``save_hyperparameters`` kept for loggers."""
    parts = [trainer.lightning_module, cast(Any, trainer).datamodule]
    kept = [part.hparams_initial for part in parts if part is not None and private(part, "_log_hyperparams")]
    return {name: value for each in kept for name, value in each.items() if name != "_class_path"}


@rank_zero_only
def _keep_beside(logger: Any, name: str, settings: dict[str, Any]) -> None:
    """Keep settings, of types that JSON has, in a file of their own in a logger's folder; none make no file."""
    _ = logger.experiment  # It makes the folder, and empties it of an earlier run.
    if settings:
        save_hparams_to_yaml(f"{logger.log_dir}/{name}", settings, use_omegaconf=False)


@rank_zero_only
def _show_in_tensorboard(logger: Any, settings: dict[str, Any]) -> None:
    """Show settings on TensorBoard's page of hyperparameters, unless its logger leaves that to the user.

    It would write them to the user's ``hparams.yaml`` as well, and -1 as a first value of ``hp_metric``.
    """
    if not private(logger, "_default_hp_metric"):
        return
    sanitize, writer = private(logger, "_sanitize_params"), private(logger.experiment, "_get_file_writer")
    named = flattened(settings)
    if sanitize is None or writer is None or not named:
        return
    # As the logger itself chooses.
    package = "torch.utils.tensorboard" if RequirementCache("tensorboard") else "tensorboardX"
    for summary in import_module(f"{package}.summary").hparams(sanitize(named), {"hp_metric": -1}):
        writer().add_summary(summary)


def flattened(settings: dict[str, Any]) -> dict[str, Any]:
    """Name nested settings by their paths, as the loggers of Lightning do.

    Example:
        >>> flattened({"method": {"beta": 0.1}, "parts": [{"size": 2}]})
        {'method/beta': 0.1, 'parts/0/size': 2}
    """
    flatten = private(logging_of_lightning, "_flatten_dict")
    return {} if flatten is None else flatten(settings)
