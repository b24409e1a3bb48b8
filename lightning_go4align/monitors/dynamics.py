"""The group dynamics of a run, recorded while it trains."""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning_utilities.core.rank_zero import rank_zero_warn
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer
from lightning_go4align.history import History, Transitions
from lightning_go4align.monitors.epoch_scores import log_epoch_scores
from lightning_go4align.monitors.one_fit import OneFit
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.monitors.run_files import RunFiles
from lightning_go4align.monitors.schedule import PictureSchedule
from lightning_go4align.monitors.showing import check_drawing, drawn_figures, show_pictures, show_report
from lightning_go4align.monitors.watched import watched_callback
from lightning_go4align.plain_text import few_of
from lightning_go4align.update import MultiTaskCallback, WatchedSteps
from lightning_go4align.words import counted

if TYPE_CHECKING:
    from lightning_go4align.plots.notebook import Pictures


class GroupDynamicsMonitor(Callback):
    """Record which tasks travel together, and show it.

    Beside the run's other files it keeps ``group_dynamics.npz``, a log of bounded size that is saved at the end of
    each epoch, on an exception and every 20 seconds at a logging step, and resumes with a checkpoint; at the end it
    writes ``group_dynamics.html``, a page that needs no network. To loggers go ``groups/stability``,
    ``groups/moves`` and ``groups/occupied``, means since the last logging step; ``val/convergence_difference`` where
    a module logs ``val/delta/<metric>`` itself; and to W&B, TensorBoard, MLflow and Comet also pictures.

    A step is the optimizer's: of accumulated batches the last one is recorded. A trial run (``fast_dev_run``) writes
    no file. The host reads the recorded steps on logging steps, at the end of epochs, and every 1024 steps at the
    latest. A second fit goes on with the record where the ``MultiTaskCallback`` does, and else begins a new one.

    Args:
        num_pictures: How often in a fit the pictures are drawn, at least 0; some tenths of a second each time.
        capacity: The largest number of steps of which the log keeps weights and losses, at least 2.

    Attributes:
        folder: Where log and page of the run are; None before it begins.

    Raises:
        TypeError: If an argument is no integer.
        ValueError: If it is too small.
        MisconfigurationException: If no ``MultiTaskCallback`` drives the training, or two trainers take turns.
        ModuleNotFoundError: If matplotlib or SciPy is missing.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> callbacks = [MultiTaskCallback(GO4Align(num_groups=2)), GroupDynamicsMonitor()]
        >>> trainer = Trainer(callbacks=callbacks, logger=False, enable_checkpointing=False, accelerator="cpu")
    """

    def __init__(self, num_pictures: int = 10, capacity: int = 4096) -> None:
        super().__init__()
        self.num_pictures = as_integer("num_pictures", num_pictures, least=0)
        self.capacity = as_integer("capacity", capacity, least=2)
        self._begin_anew()
        self._fit, self._is_loaded = OneFit(type(self).__name__), False
        self._pictures = PictureSchedule(self.num_pictures)
        self._watched: MultiTaskCallback | None = None
        self._recorded: MultiTaskCallback | None = None  # whose steps the record holds
        self._files: RunFiles | None = None  # None: nothing is written

    def _begin_anew(self) -> None:
        self._recorder = Recorder(History.empty([]), self.capacity)
        self._begun, self._since_logging = False, Transitions.zeros(1)
        self.folder: Path | None = None

    @property
    def history(self) -> History:
        """The run so far, up to the last step that the host has read."""
        return self._recorder.history

    @property
    def _method(self) -> object:
        return None if self._watched is None else self._watched.method

    def plot(self) -> "Pictures":
        """Draw the run so far: a mapping of matplotlib figures by their names in ``lightning_go4align.plots``."""
        return drawn_figures(self.history)

    def _repr_html_(self) -> str:
        return self.history._repr_html_()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage != "fit":
            return
        check_drawing()
        self._fit.begin(trainer)
        self._watched, self._files = watched_callback(trainer), None  # What fails before the start is of no run.

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        goes_on = self._watched is not None and self._watched.goes_on
        if goes_on and not self._is_loaded and self._recorded not in (None, self._watched):
            self._fit.refuse_return()
        if not (goes_on or self._is_loaded):
            self._begin_anew()
        self._is_loaded, self._recorded = False, self._watched
        self._pictures.start(trainer.global_step, trainer.estimated_stepping_batches)
        self._recorder.note(interrupted="")
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]  # A connector sets it.
            notes = self.history.notes
            self._files = RunFiles.of_fit(trainer, pl_module, self._method, notes, self.folder)
            self.folder = self._files.save(self._recorder, self._method)  # Others see at once whose it is.

    def record_steps(self, steps: WatchedSteps) -> None:
        """Record the steps since the last time, as ``MultiTaskCallback`` hands them on."""
        if not self._begun:
            self._recorder, self._begun = Recorder(History.empty(list(steps.tasks)), self.capacity), True
        transitions = self._recorder.extend(*steps[1:])
        self._since_logging.add(np.zeros(len(transitions), np.int64), transitions)

    def log_steps(self, trainer: Trainer) -> dict[str, float]:
        """Say the means since the last time, and draw if it is time to.

        Args:
            trainer: The trainer, at its interval.

        Returns:
            What loggers get beside the numbers of the step.
        """
        step, named = trainer.global_step - 1, dict[str, Any]()
        if self._since_logging.occupied.any():
            means = self._since_logging.means()
            named = {"stability": means.rand, "moves": means.moves, "occupied": means.occupied}
        self._since_logging = Transitions.zeros(1)
        if step >= self._pictures.next_step:
            self._pictures.drawn(step)
            show_pictures(trainer.loggers, self.history, step)
        if self._files is not None and time.monotonic() > self._files.next_save:
            self._files.save(self._recorder, self._method)
        return {f"groups/{name}": mean.item() for name, mean in named.items() if np.isfinite(mean)}

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking and "val/delta_m" in trainer.callback_metrics and trainer.is_global_zero:
            self._read()
            log_epoch_scores(trainer, self._recorder)

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._files is not None:
            self._read()
            self._files.save(self._recorder, self._method)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._files is None:
            return
        self._read()
        page, step = self._files.write_page(self._recorder, self._method), max(trainer.global_step - 1, 0)
        if self.num_pictures and len(self.history.steps) and self._pictures.latest != step:
            show_pictures(trainer.loggers, self.history, step)
        show_report(trainer.loggers, page, self.history, step)

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if self._files is None or not self._fit.is_of(trainer):
            return
        with suppress(RuntimeError):  # a device that failed cannot be read; what the host knows is still saved
            self._read()
        self._recorder.note(interrupted=type(exception).__name__)
        try:
            self._files.end_early(self._recorder, self._method)
        except OSError as error:  # It would hide the exception that ended the fit.
            rank_zero_warn(f"What `GroupDynamicsMonitor` has recorded could not be written: {error}")

    @override
    def __repr__(self) -> str:
        tasks, steps = few_of(self.history.tasks), counted(self.history.total, "step")
        return f"GroupDynamicsMonitor(method={self._method!r}, tasks={tasks}; {steps} recorded)"

    @override
    def state_dict(self) -> dict[str, Any]:
        self._read()
        arrays, metadata = self.history.split()
        return {"arrays": {name: torch.from_numpy(array) for name, array in arrays.items()}, "metadata": metadata}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        arrays = {name: array.numpy() for name, array in state_dict["arrays"].items()}
        metadata = state_dict["metadata" if "metadata" in state_dict else "words"]  # that of version 1
        self._recorder = Recorder(History.join(arrays, metadata), self.capacity)
        self._begun, self._is_loaded = bool(self.history.tasks), True

    def _read(self) -> None:
        if self._watched is not None:
            self._watched.read_steps()
