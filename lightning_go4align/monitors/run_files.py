"""The files of a run: the log of its group dynamics, and the page that shows it."""

import time
from contextlib import suppress
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning_utilities.core.rank_zero import rank_zero_info
from torch import nn

from lightning_go4align.atomic_write import unshared
from lightning_go4align.history import FILE, History, Notes
from lightning_go4align.methods.intended import intended_weights
from lightning_go4align.monitors.circumstances import circumstances
from lightning_go4align.monitors.places import places
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.monitors.showing import run_folder, run_title, write_page

_SAVED_EVERY = 20.0  # seconds: what `go4align report --watch` shows is hardly older


class RunFiles:
    """Write what was recorded of a run beside its other files.

    Args:
        folder: Where they lie.
        title: What the run is called.
        seconds: How long it took before this fit, at least 0.

    Attributes:
        folder: Where they lie.
        next_save: From when on it is time to save the log again, in seconds of ``time.monotonic``.

    Example:
        >>> files = RunFiles(Path("runs"), title="qm9", seconds=0.0)
        >>> files.next_save > time.monotonic()
        True
    """

    def __init__(self, folder: Path, title: str, seconds: float) -> None:
        self.folder, self._title = folder, title
        now = time.monotonic()
        self._started, self.next_save = now - seconds, now + _SAVED_EVERY

    @classmethod
    def of_fit(
        cls, trainer: Trainer, module: LightningModule, method: object, notes: Notes, before: Path | None
    ) -> "RunFiles":
        """Place and name them as the trainer's first logger does, but apart from those of other runs.

        Args:
            trainer: The trainer.
            module: The module that is trained.
            method: The method that balances its tasks.
            notes: What is known of the run before this fit.
            before: Where the fit that this one goes on with has left them; None if it begins anew, or elsewhere.
        """
        for place in places(trainer.loggers):
            place.begin()  # begins the run, which names it
        root = run_folder(trainer.logger, Path(trainer.default_root_dir))
        if before is not None and (before == root or root in before.parents):
            folder = before
        else:
            folder = _resumed(root, notes.started, trainer.logger is not None) or unshared(root, FILE)
        if folder not in (root, before):
            rank_zero_info(f"{root} holds the record of another run: that of this one goes to {folder}.")
        return cls(folder, run_title(trainer.logger, module, method), notes.seconds)

    def save(self, recorder: Recorder, method: object) -> Path:
        """Save the log, with notes on how the run came about.

        Args:
            recorder: What was recorded.
            method: The method, as it stands now.

        Returns:
            The folder.
        """
        recorder.note(run=self._title, method=repr(method), seconds=time.monotonic() - self._started)
        history = recorder.history
        if isinstance(method, nn.Module) and history.tasks:
            recorder.note(own_weights=sorted(intended_weights(method, history.tasks)))
        recorder.note(**circumstances(history.notes))
        self.next_save = time.monotonic() + _SAVED_EVERY
        return recorder.history.save(self.folder).parent

    def write_page(self, recorder: Recorder, method: object) -> Path:
        """Save the log and write the page.

        Args:
            recorder: What was recorded.
            method: The method, as it stands now.

        Returns:
            The page.
        """
        return write_page(self.save(recorder, method))

    def end_early(self, recorder: Recorder, method: object) -> None:
        """Save the log of a run that failed, and write its page; one that failed at its first step leaves neither.

        Args:
            recorder: What was recorded.
            method: The method, as it stands now.
        """
        if recorder.history.total:
            self.write_page(recorder, method)
        else:
            (self.folder / FILE).unlink(missing_ok=True)


def _resumed(root: Path, started: str, logged: bool) -> Path | None:
    """Find where the run that goes on was recorded before."""
    # A logger says whose a folder is. Without one, a finished run may be another that began from the same checkpoint.
    for folder in (root, *sorted(root.glob("version_*"))):
        with suppress(FileNotFoundError, ValueError):  # no record of a run
            notes = History.load(folder).notes
            if started and notes.started == started and (logged or notes.interrupted):
                return folder
    return None
