"""What a fit says at its end: where everything is."""

import shlex
from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_go4align.monitors import GroupDynamicsMonitor
from lightning_go4align.monitors.showing import run_folder
from lightning_go4align.report.command import PAGE
from lightning_go4align.update.membership import callbacks_of


def closing_words(trainer: Trainer) -> list[str]:
    """Say where a fit has left its files.

    Args:
        trainer: The trainer, after the fit.

    Returns:
        A line for the run's folder, for its checkpoint and for its page, as far as there are any; a path or a command
        stands alone behind its name, so that it can be copied from a narrow terminal.

    Example:
        >>> closing_words(Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False))
        []
    """
    folders = [callback.folder for callback in callbacks_of(trainer) if isinstance(callback, GroupDynamicsMonitor)]
    folder = next(filter(None, folders), run_folder(trainer.logger, Path(trainer.default_root_dir)))
    lines = [] if trainer.logger is None else [f"run         {_near(folder)}"]
    lines += [f"checkpoint  {_near(path)}" for path in _checkpoints(trainer)]
    if (folder / PAGE).is_file():
        lines += [f"page        {_near(folder / PAGE)}", "            for a browser; written again by"]
        lines += [f"            go4align report {shlex.quote(str(_near(folder)))}"]
    return lines


def _checkpoints(trainer: Trainer) -> list[Path]:
    kept = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
    paths = [callback.best_model_path or callback.last_model_path for callback in kept]
    return [Path(path) for path in paths if path and Path(path).exists()]


def _near(path: Path) -> Path:
    """Shorten a path that lies below the current folder."""
    path = path.absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
