"""What the progress bar shows of a fit, and what appears above it."""

import logging
import shutil
import sys
from functools import partial
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar, RichProgressBar
from rich.progress import BarColumn, ProgressColumn

_NARROW = 100  # columns of a terminal
_BAR = 10


def show_no_version(trainer: Trainer) -> None:
    """Leave out ``v_num``, the number of the log folder: a bar shows it as ``0.000``, and the fit ends with its path.

    Args:
        trainer: The trainer, before it fits.

    Example:
        >>> trainer = Trainer(accelerator="cpu", devices=1, enable_checkpointing=False)
        >>> show_no_version(trainer)
        >>> trainer.progress_bar_callback.get_metrics(trainer, LightningModule())
        {}
    """
    bar = trainer.progress_bar_callback
    if bar is not None:
        vars(bar)["get_metrics"] = partial(_without_version, bar)  # a partial: it travels to spawned ranks


def leave_room_for_metrics(trainer: Trainer) -> None:
    """Let the bar of a narrow terminal be short, for else a line ends between a metric's name and its value.

    Args:
        trainer: The trainer, before it fits.

    Example:
        >>> from lightning.pytorch.callbacks import RichProgressBar
        >>> trainer = Trainer(callbacks=RichProgressBar(), accelerator="cpu", devices=1, enable_checkpointing=False)
        >>> leave_room_for_metrics(trainer)
        >>> trainer.progress_bar_callback.configure_columns(trainer)[1].bar_width in (10, 40)
        True
    """
    bar = trainer.progress_bar_callback
    if isinstance(bar, RichProgressBar):
        vars(bar)["configure_columns"] = partial(_with_short_bar, bar)


def log_above_the_bar() -> None:
    """Let Lightning's log go to the stderr of the moment: a live bar puts one there that writes above it."""
    for handler in logging.getLogger("lightning.pytorch").handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(_Stderr())


def is_no_tip(record: logging.LogRecord) -> bool:
    """Tell a line of Lightning's log from its advertisement."""
    return "Tip: For seamless cloud" not in record.getMessage()


class _Stderr:
    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _with_short_bar(bar: RichProgressBar, trainer: Trainer) -> list[ProgressColumn]:
    columns: list[ProgressColumn] = type(bar).configure_columns(bar, trainer)
    for column in columns:
        if isinstance(column, BarColumn) and shutil.get_terminal_size().columns < _NARROW:
            column.bar_width = _BAR
    return columns


def _without_version(bar: ProgressBar, trainer: Trainer, module: LightningModule) -> dict[str, Any]:
    metrics = type(bar).get_metrics(bar, trainer, module)
    return {name: value for name, value in metrics.items() if name != "v_num"}
