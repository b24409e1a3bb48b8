"""How Lightning logs, with the private names that this needs; those of its loops are in ``compatibility``."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import lightning.pytorch as pl
from lightning.fabric.loggers.tensorboard import _TENSORBOARD_AVAILABLE
from lightning.fabric.utilities.logger import _convert_params, _flatten_dict
from lightning.pytorch.core.saving import save_hparams_to_yaml
from lightning.pytorch.loggers import Logger
from lightning_utilities.core.rank_zero import rank_zero_only


def logged_names(trainer: pl.Trainer) -> set[str]:
    """List the names under which the module has logged for loggers, as known so far; no value is read.

    Those of this trainer's epochs, its earlier fits and its validations, that of the sanity check included, whose
    values no logger gets.

    Args:
        trainer: The trainer, fitting.

    Returns:
        The names, as the loggers see them.

    Example:
        >>> logged_names(pl.Trainer(logger=False, enable_checkpointing=False))
        set()
    """
    validation: Mapping[Any, Any] = trainer.fit_loop.epoch_loop.val_loop._results
    found = [*(trainer._results or {}).values(), *validation.values()]
    metas = [result.meta for result in found if result.meta.logger]
    now = {meta.forked_name(on_step) for meta in metas for on_step in (meta.on_step, not meta.on_epoch)}
    return now | set(trainer._logger_connector._logged_metrics)


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
    results: Mapping[Any, Any] = trainer._results or {}
    return {result.meta.name for result in results.values() if not result.has_reset}


def step_on_axis(trainer: pl.Trainer) -> int:
    """Tell where on the loggers' axis a row stands: where the module's stand, which may log a ``step`` of its own.

    Args:
        trainer: The trainer, after a step or a validation.

    Returns:
        That step, which is read only if there is one; else the number of the last optimizer step, from 0.
    """
    results: Mapping[Any, Any] = trainer._results or {}
    if any(result.meta.name == "step" and result.meta.logger for result in results.values()):
        chosen = trainer._logger_connector.metrics["log"].get("step")
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


def own_hyperparameters(trainer: pl.Trainer) -> dict[str, Any]:
    """Collect what Lightning logs of the module's and the data's hyperparameters.

    Args:
        trainer: The trainer, in ``setup`` or later.

    Returns:
        Those that ``save_hyperparameters`` kept, unless with ``logger=False``.
    """
    parts = [trainer.lightning_module, cast(Any, trainer).datamodule]
    kept = [part.hparams_initial for part in parts if part is not None and part._log_hyperparams]
    return {name: value for each in kept for name, value in each.items() if name != "_class_path"}


def flattened(settings: dict[str, Any]) -> dict[str, Any]:
    """Name nested settings by their paths, as the loggers of Lightning do.

    Example:
        >>> flattened({"method": {"beta": 0.1}, "parts": [{"size": 2}]})
        {'method/beta': 0.1, 'parts/0/size': 2}
    """
    return _flatten_dict(_convert_params(settings))


def is_kind(logger: Logger, kind: type[Logger]) -> bool:
    """Tell whether a logger is of a kind, in the package ``lightning`` or in ``pytorch_lightning``.

    Example:
        >>> from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
        >>> is_kind(CSVLogger("logs"), CSVLogger), is_kind(CSVLogger("logs"), TensorBoardLogger)
        (True, False)
    """
    other = sys.modules.get("pytorch_lightning.loggers")
    return isinstance(logger, (kind, getattr(other, kind.__name__, kind)))


@rank_zero_only
def keep_beside(logger: Any, name: str, settings: dict[str, Any]) -> None:
    """Keep settings in a file of their own in a logger's folder.

    Args:
        logger: One that has a folder.
        name: Of the file.
        settings: Nested, of types that JSON has; none make no file.
    """
    _ = logger.experiment  # It makes the folder, and empties it of an earlier run.
    if settings:
        save_hparams_to_yaml(f"{logger.log_dir}/{name}", settings, use_omegaconf=False)


@rank_zero_only
def show_in_tensorboard(logger: Any, settings: dict[str, Any]) -> None:
    """Show settings on TensorBoard's page of hyperparameters.

    Its logger would write them to the user's ``hparams.yaml`` as well, and -1 as a first value of ``hp_metric``.

    Args:
        logger: A logger for TensorBoard; nothing is shown if it leaves that to the user, ``default_hp_metric=False``.
        settings: Nested, of any types.
    """
    if not logger._default_hp_metric:
        return
    package = "torch.utils.tensorboard" if _TENSORBOARD_AVAILABLE else "tensorboardX"  # as the logger itself chooses
    hparams = import_module(f"{package}.summary").hparams
    writer = logger.experiment._get_file_writer()
    for summary in hparams(logger._sanitize_params(flattened(settings)), {"hp_metric": -1}):
        writer.add_summary(summary)
