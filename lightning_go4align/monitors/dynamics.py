"""The group dynamics of a run, recorded while it trains."""

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from lightning_go4align.history import History, Transitions
from lightning_go4align.monitors.circumstances import circumstances
from lightning_go4align.monitors.delta_m import DeltaMMonitor, epochs_so_far
from lightning_go4align.monitors.pending import Pending
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.monitors.schedule import PictureSchedule
from lightning_go4align.monitors.showing import (
    check_drawing,
    drawn_figures,
    prepare,
    run_folder,
    run_title,
    show_pictures,
    show_report,
    write_page,
)
from lightning_go4align.update import MultiTaskCallback

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PENDING = 1024
_SAVED_EVERY = 20.0  # seconds: what `go4align report --watch` shows is hardly older


class GroupDynamicsMonitor(Callback):
    """Record which tasks travel together, and show it.

    Beside the run's other files it keeps ``group_dynamics.npz``, a log of bounded size that is saved at the end of
    each epoch, on an exception and every 20 seconds at a logging step, and resumes with a checkpoint; at the end it
    writes ``group_dynamics.html``, a page that needs no network. To loggers go ``groups/stability``,
    ``groups/moves`` and ``groups/occupied``, means since the last logging step; ``val/convergence_difference`` where
    a module logs ``val/delta/<metric>`` itself; and to W&B and TensorBoard also pictures.

    A step is the optimizer's: of accumulated batches the last one is recorded. A trial run (``fast_dev_run``) writes
    no file. The host reads the recorded steps on logging steps, at the end of epochs, and every 1024 steps at the
    latest.

    Args:
        num_pictures: How often in a fit the pictures are drawn, at least 0; some tenths of a second each time.
        capacity: The largest number of steps of which the log keeps weights and losses, at least 2.

    Raises:
        MisconfigurationException: If no ``MultiTaskCallback`` drives the training.
        ModuleNotFoundError: If matplotlib or SciPy is missing.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> callbacks = [MultiTaskCallback(GO4Align(num_groups=2)), GroupDynamicsMonitor()]
        >>> trainer = Trainer(callbacks=callbacks, logger=False, enable_checkpointing=False, accelerator="cpu")
    """

    def __init__(self, num_pictures: int = 10, capacity: int = 4096) -> None:
        super().__init__()
        self.num_pictures, self.capacity = num_pictures, capacity
        self._recorder = Recorder(History.empty([]), capacity)
        self._begun, self._pending = False, Pending(_PENDING)
        self._since_logging = Transitions.zeros(1)
        self._pictures = PictureSchedule(num_pictures)
        self._step = 0
        self._started = time.monotonic()
        self._folder: Path | None = None
        self._title, self._saved = "", 0.0

    @property
    def history(self) -> History:
        """The run so far, up to the last step that the host has read."""
        return self._recorder.history

    def plot(self) -> dict[str, "Figure"]:
        """Draw the run so far: matplotlib figures by their names in ``lightning_go4align.plots``."""
        check_drawing()
        return drawn_figures(self.history)

    def _repr_html_(self) -> str:
        return self.history._repr_html_()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage != "fit":
            return
        check_drawing()
        # A connector sets it, which the types do not know.
        watched = [callback for callback in trainer.callbacks if isinstance(callback, MultiTaskCallback)]  # type: ignore[attr-defined]
        if not watched:
            raise MisconfigurationException(
                "`GroupDynamicsMonitor` watches a `MultiTaskCallback`, but the trainer has none. Add one to "
                "`trainer.callbacks`, or derive the module from `MultiTaskModule`."
            )
        self._watched: MultiTaskCallback = watched[0]

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._step = trainer.global_step
        self._started = time.monotonic() - self.history.notes.seconds
        self._pictures.start(self._step, trainer.estimated_stepping_batches)
        self._recorder.note(interrupted="")
        self._folder = None
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]  # as above
            prepare(trainer.loggers, {"method": repr(self._watched.method)})  # begins the run, which names it
            self._folder = run_folder(trainer.logger, Path(trainer.default_root_dir))
            self._title = run_title(trainer.logger, pl_module, self._watched.method)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step, before = trainer.global_step, self._step
        self._step = step
        if not trainer.is_global_zero or step == before or (signals := self._watched.signals) is None:
            return
        self._pending.add(signals)
        # A connector sets it, which the types do not know.
        interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
        logs = bool(interval) and step % interval == 0
        if logs or self._pending.full:
            self._read()
        if logs:
            self._log(trainer)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        metrics = trainer.callback_metrics
        if trainer.sanity_checking or "val/delta_m" not in metrics or not trainer.is_global_zero:
            return
        self._read()
        convergence = _epochs_of_convergence(trainer)
        values = {name: value.item() for name, value in metrics.items()}
        difference = self._recorder.score(epochs_so_far(trainer), values, convergence)
        if convergence is None and math.isfinite(difference):
            row = {"val/convergence_difference": difference, "epoch": trainer.current_epoch}
            _log_row(trainer, row, trainer.global_step - 1)

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._folder is not None:
            self._read()
            self._save()

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._folder is None:
            return
        self._read()
        page = write_page(self._save())
        step = max(trainer.global_step - 1, 0)
        if self.num_pictures and len(self.history.steps):
            show_pictures(trainer.loggers, self.history, step)
        show_report(trainer.loggers, page, step)

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if self._folder is None:
            return
        with suppress(RuntimeError):  # a device that failed cannot be read; what the host knows is still saved
            self._read()
        self._recorder.note(interrupted=type(exception).__name__)
        write_page(self._save())

    @override
    def state_dict(self) -> dict[str, Any]:
        self._read()
        arrays, metadata = self.history.split()
        return {"arrays": {name: torch.from_numpy(array) for name, array in arrays.items()}, "metadata": metadata}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        arrays = {name: array.numpy() for name, array in state_dict["arrays"].items()}
        metadata = state_dict["metadata"] if "metadata" in state_dict else state_dict["words"]  # of version 1
        self._recorder = Recorder(History.join(arrays, metadata), self.capacity)
        self._begun = bool(self.history.tasks)

    def _read(self) -> None:
        if len(self._pending):
            if not self._begun:
                self._recorder, self._begun = Recorder(History.empty(self._watched.tasks), self.capacity), True
            transitions = self._recorder.extend(*self._pending.take())
            self._since_logging.add(np.zeros(len(transitions), np.int64), transitions)

    def _log(self, trainer: Trainer) -> None:
        step = trainer.global_step - 1
        if self._since_logging.occupied.any():
            means = self._since_logging.means()
            row = {"stability": means.rand, "moves": means.moves, "occupied": means.occupied}
            _log_row(trainer, {f"groups/{name}": mean.item() for name, mean in row.items()}, step)
        self._since_logging = Transitions.zeros(1)
        if self._pictures.due(step):
            show_pictures(trainer.loggers, self.history, step)
        if self._folder is not None and time.monotonic() > self._saved + _SAVED_EVERY:
            self._save()

    def _save(self) -> Path:
        assert self._folder is not None
        seconds = time.monotonic() - self._started
        method = repr(self._watched.method)
        self._recorder.note(run=self._title, method=method, seconds=seconds)
        self._recorder.note(**circumstances(self.history.notes))
        self._saved = time.monotonic()
        return self.history.save(self._folder).parent


def _epochs_of_convergence(trainer: Trainer) -> torch.Tensor | None:
    """What a `DeltaMMonitor` knows of them, if there is one."""
    # A connector sets it, which the types do not know.
    known = [callback.epochs for callback in trainer.callbacks if isinstance(callback, DeltaMMonitor)]  # type: ignore[attr-defined]
    return known[0] if known else None


def _log_row(trainer: Trainer, row: dict[str, float], step: int) -> None:
    for logger in trainer.loggers:
        logger.log_metrics(row, step=step)
