"""What runs logged, over all attempts to finish them."""

import csv
import math
import statistics
from collections.abc import Iterable
from pathlib import Path


def logged(folder: Path, name: str) -> list[float]:
    """List the values that a run logged under a name, in their order.

    Args:
        folder: The run's folder, with the ``metrics.csv`` of each attempt.
        name: Name of the metric; with a minus in front its values change their sign.

    Returns:
        The values; none if there is no such metric.
    """
    values, sign, name = list[float](), -1 if name.startswith("-") else 1, name.removeprefix("-")
    for file in _attempts(folder):
        values += [sign * float(row[name]) for row in csv.DictReader(_whole_lines(file)) if row.get(name)]
    return values


def logged_names(folder: Path) -> list[str]:
    """List the names under which a run logged anything, NaN as well.

    Args:
        folder: The run's folder.
    """
    headers = [csv.DictReader(_whole_lines(file)).fieldnames or [] for file in _attempts(folder)]
    return list(dict.fromkeys(name for header in headers for name in header if name not in ("epoch", "step")))


def _attempts(folder: Path) -> list[Path]:
    return sorted(folder.glob("logs/version_*/metrics.csv"), key=lambda file: int(file.parent.name[8:]))


def _whole_lines(file: Path) -> list[str]:
    """The lines of a file but for one that is being written, of which a number would lack digits."""
    return [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def last_value(folder: Path, name: str) -> float | None:
    """The last value that a run logged under a name; None if there is none."""
    values = logged(folder, name)
    return values[-1] if values else None


def best_value(folder: Path, name: str) -> float:
    """The lowest finite value that a run logged under a name; infinity if it logged none."""
    return min(filter(math.isfinite, logged(folder, name)), default=math.inf)


def median_value(folder: Path, name: str) -> float:
    """The median of the values that a run logged under a name; NaN if there is none."""
    return known_median(logged(folder, name))


def known_median(values: Iterable[float]) -> float:
    """The median of the values that are known, whatever their order; NaN if none is.

    Example:
        >>> known_median([2.0, math.nan, 1.0])
        1.5
    """
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan


def last_checkpoint(folder: Path) -> Path | None:
    """Find the checkpoint from which a run is resumed; None if it has not finished an epoch."""
    return max(folder.glob("resume/epoch=*.ckpt"), key=_epoch, default=None)


def _epoch(checkpoint: Path) -> int:
    return int(checkpoint.stem.removeprefix("epoch="))


def epochs_done(folder: Path) -> int:
    """Number of epochs that a run has finished."""
    checkpoint = last_checkpoint(folder)
    return 0 if checkpoint is None else _epoch(checkpoint) + 1
