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

    Example:
        >>> files = RunFiles(Path("runs"), title="qm9", seconds=0.0)
        >>> files.are_old
        False
    """

    def __init__(self, folder: Path, title: str, seconds: float) -> None:
        self._folder, self._title = folder, title
        self._saved = time.monotonic()
        self._started = self._saved - seconds

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

    @property
    def are_old(self) -> bool:
        """Whether the log was saved so long ago that it is time to save it again."""
        return time.monotonic() > self._saved + _SAVED_EVERY

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
        self._saved = time.monotonic()
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
