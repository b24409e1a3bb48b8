"""The files of a run: the log of its group dynamics, and the page that shows it."""

import time
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer

from lightning_go4align.monitors.circumstances import circumstances
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
        next_save: From when on it is time to save the log again, in seconds of ``time.monotonic``.

    Example:
        >>> files = RunFiles(Path("runs"), title="qm9", seconds=0.0)
        >>> files.next_save > time.monotonic()
        True
    """

    def __init__(self, folder: Path, title: str, seconds: float) -> None:
        self._folder, self._title = folder, title
        now = time.monotonic()
        self._started, self.next_save = now - seconds, now + _SAVED_EVERY

    @classmethod
    def of_fit(cls, trainer: Trainer, module: LightningModule, method: object, seconds: float) -> "RunFiles":
        """Place and name them as the trainer's first logger does.

        Args:
            trainer: The trainer, whose loggers have begun the run.
            module: The module that is trained.
            method: The method that balances its tasks.
            seconds: How long the run took before this fit, at least 0.
        """
        folder = run_folder(trainer.logger, Path(trainer.default_root_dir))
        return cls(folder, run_title(trainer.logger, module, method), seconds)

    def save(self, recorder: Recorder, method: object) -> Path:
        """Save the log, with notes on how the run came about.

        Args:
            recorder: What was recorded.
            method: The method, as it stands now.

        Returns:
            The folder.
        """
        recorder.note(run=self._title, method=repr(method), seconds=time.monotonic() - self._started)
        recorder.note(**circumstances(recorder.history.notes))
        self.next_save = time.monotonic() + _SAVED_EVERY
        return recorder.history.save(self._folder).parent

    def write_page(self, recorder: Recorder, method: object) -> Path:
        """Save the log and write the page.

        Args:
            recorder: What was recorded.
            method: The method, as it stands now.

        Returns:
            The page.
        """
        return write_page(self.save(recorder, method))
