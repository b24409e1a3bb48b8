"""Pictures, the report and their setting, for the loggers that can show them."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.monitors.places import places

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lightning_go4align.plots.notebook import Pictures

_PLAIN_NAMES = ("", "logs", "lightning_logs")  # of loggers: they say nothing of a run


def run_folder(logger: Logger | None, default: Path) -> Path:
    """Find where a run keeps its files.

    Args:
        logger: The trainer's first logger, if it has one.
        default: Where to go without.

    Returns:
        The folder that checkpoints go to, too.

    Example:
        >>> run_folder(None, Path("runs")).name
        'runs'
    """
    if logger is None:
        return default
    if logger.log_dir is not None:
        return Path(logger.log_dir)
    return Path(logger.save_dir or default, str(logger.name), str(logger.version))


def run_title(logger: Logger | None, module: object, method: object) -> str:
    """Name a run for a reader who has many.

    Args:
        logger: The trainer's first logger, if it has one.
        module: What is trained.
        method: What weighs its tasks.

    Returns:
        The logger's name, or the module's class where it has none of its own; the method's class; the version.

    Example:
        >>> from lightning.pytorch.loggers import CSVLogger
        >>> from lightning_go4align import GO4Align
        >>> run_title(CSVLogger("logs", name="qm9", version=3), object(), GO4Align(num_groups=5))
        'qm9 GO4Align, version_3'
    """
    name, version = ("", None) if logger is None else (str(logger.name or ""), logger.version)
    subject = f"{type(module).__name__ if name in _PLAIN_NAMES else name} {type(method).__name__}"
    if version is None:
        return subject
    return f"{subject}, version_{version}" if isinstance(version, int) else f"{subject}, {version}"


def check_drawing() -> None:
    """Miss matplotlib before the run, not after it."""
    if find_spec("matplotlib") is None or find_spec("scipy") is None:
        raise ModuleNotFoundError(
            "`GroupDynamicsMonitor` draws with matplotlib and SciPy. Install them: "
            "pip install 'lightning-go4align[plot]'."
        )


def show_pictures(loggers: Iterable[Logger], history: History, step: int) -> None:
    """Draw the run so far for the loggers that can show pictures.

    Args:
        loggers: The trainer's loggers.
        history: The run so far.
        step: Where on the loggers' axis to put them.
    """
    able = places(loggers)
    images = _draw(history) if able else {}
    for place in able:
        for key, image in images.items():
            place.picture(key, image, step)


def drawn_figures(history: History) -> "Pictures":
    """Draw what the report of a run draws, by the names of the functions that do."""
    check_drawing()
    from lightning_go4align.plots.notebook import Pictures
    from lightning_go4align.report.figures import figures

    chosen = figures(history)
    drawn = {shown.draw.__name__: shown.draw(history) for shown in chosen}
    return Pictures(drawn, titles={shown.draw.__name__: shown.title for shown in chosen})


def write_page(folder: Path) -> Path:
    """Write the report of the run in a folder."""
    from lightning_go4align.report import write_report

    return write_report(folder)


def show_report(loggers: Iterable[Logger], page: Path, history: History, step: int) -> None:
    """Hand the page, and a table of the tasks, to the loggers that can show them.

    Args:
        loggers: The trainer's loggers.
        page: The HTML file.
        history: The run.
        step: Where on the loggers' axis to put them.
    """
    from lightning_go4align.report.task_facts import task_facts

    able = places(loggers)
    facts = task_facts(history) if able and history.tasks else {}
    for place in able:
        place.page(page, step)
        if facts:
            place.table("tasks", facts, step)


def _draw(history: History) -> dict[str, NDArray[np.uint8]]:
    from lightning_go4align import plots

    figures = {"pictures/weights": plots.weights(history)}
    if history.grouped:
        figures["pictures/assignment"] = plots.assignment(history)
    if history.grouped and len(history.tasks) > 1:
        figures["pictures/co_assignment"] = plots.co_assignment(history)
    return {key: pixels(figure) for key, figure in figures.items()}


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """Draw a figure as a picture, shape ``[H, W, 3]``.

    Args:
        figure: One that belongs to no window.

    Example:
        >>> from matplotlib.figure import Figure
        >>> pixels(Figure(figsize=(2, 1), dpi=50)).shape
        (50, 100, 3)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
