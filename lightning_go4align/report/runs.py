"""Runs beside each other: where they lie, what they are called, in what they differ."""

import re
from pathlib import Path
from typing import NamedTuple

from lightning_go4align.history import FILE, History
from lightning_go4align.report.configuration import configuration, differences

_SEED = "seed_everything"
_METHOD = "method."


class Run(NamedTuple):
    """A run that was read.

    Args:
        folder: Where it lies.
        history: What was recorded.
        config: Its configuration, words by dotted keys.
        method: How its method is called beside the others.
        seed: Its seed; empty if unknown.
        place: The end of its path, which no other run's has.
    """

    folder: Path
    history: History
    config: dict[str, str]
    method: str
    seed: str
    place: str

    @property
    def label(self) -> str:
        """Its name beside the others."""
        return f"{self.method}, seed {self.seed}" if self.seed else self.method


def find_runs(folder: Path) -> list[Path]:
    """Find the folders below one that hold a log, in alphabetical order, but ``version_2`` before ``version_10``.

    Example:
        >>> find_runs(Path("nowhere"))
        []
    """
    return sorted((path.parent for path in folder.rglob(FILE)), key=_by_numbers)


def read_runs(folders: list[Path]) -> list[Run]:
    """Read runs and name them.

    A method is named by its class, with its arguments where two runs differ in them; and with as much of the end of
    the run's path as tells them apart where two runs would still have one name.

    Args:
        folders: Folders that hold a log.

    Returns:
        The runs, in the same order.

    Raises:
        FileNotFoundError: If a folder holds no log.
        ValueError: If a log cannot be read.
    """
    histories = [History.load(folder) for folder in folders]
    configs = [configuration(folder) for folder in folders]
    seeds = [config.get(_SEED, "") for config in configs]
    methods = _short_names([history.notes.method or "unknown method" for history in histories])
    names = list(zip(methods, seeds, strict=True))
    places = _places(folders)
    clear = [
        method if names.count((method, seed)) == 1 else f"{method} ({place})"
        for (method, seed), place in zip(names, places, strict=True)
    ]
    return [Run(*parts) for parts in zip(folders, histories, configs, clear, seeds, places, strict=True)]


def distinguishing(runs: list[Run]) -> list[str]:
    """Name the settings in which runs differ, beside seed and method, the shortest names first.

    Args:
        runs: The runs.

    Returns:
        Dotted keys.
    """
    keys = differences([run.config for run in runs])
    others = [key for key in keys if key != _SEED and _METHOD not in key and not key.endswith("method")]
    return sorted(others, key=len)


def _places(folders: list[Path]) -> list[str]:
    """Name folders by the fewest last parts of their paths that no other one ends with."""
    paths = [folder.resolve().parts for folder in folders]
    lengths = range(1, max(map(len, paths), default=1) + 1)
    enough = next(length for length in lengths if len({path[-length:] for path in paths}) == len(set(paths)))
    return [str(Path(*path[-enough:])) for path in paths]


def _by_numbers(folder: Path) -> list[tuple[str, int]]:
    return [(word, int(digits or -1)) for word, digits in re.findall(r"(\D*)([0-9]*)", str(folder))]


def _short_names(methods: list[str]) -> list[str]:
    """Leave the arguments out where the class alone tells methods apart."""
    short = {method: method.partition("(")[0] for method in methods}
    classes = list(short.values())
    return [short[method] if classes.count(short[method]) == 1 else method for method in methods]
