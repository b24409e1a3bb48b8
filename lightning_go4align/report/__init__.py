"""The local report of a run: one HTML page, made from the log that `GroupDynamicsMonitor` keeps."""

from pathlib import Path

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.history import History
from lightning_go4align.report.configuration import configuration
from lightning_go4align.report.page import page

FILE = "group_dynamics.html"

__all__ = ["write_report"]


def write_report(run: Path) -> Path:
    """Draw the group dynamics of a run from its log.

    Works on a broken run, too: the log is saved at the end of each epoch and on an exception.

    Args:
        run: Folder of the run, the one that holds ``group_dynamics.npz``.

    Returns:
        The page, ``group_dynamics.html`` in the same folder.

    Raises:
        FileNotFoundError: If the folder holds no log.

    Example:
        >>> import tempfile
        >>> from lightning_go4align.plots.example import example_history
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = example_history().save(Path(folder))
        ...     write_report(Path(folder)).name
        'group_dynamics.html'
    """
    path = Path(run) / FILE
    content = page(History.load(Path(run)), configuration(Path(run)))
    with atomic_write(path) as unfinished:
        unfinished.write_text(content, encoding="utf-8")
    return path
