"""Runs beside each other: where they lie, what they are called, in what they differ."""

import re
from pathlib import Path
from typing import NamedTuple

from lightning_go4align.config_files import differences
from lightning_go4align.history import FILE, History
from lightning_go4align.report.configuration import configuration

_SEED = "seed_everything"
_METHOD = "method."
# What follows from the seed and the folder, or is only shown: runs that differ in this alone are seeds of one thing.
_NO_SETTING = re.compile(
    r"^trainer\.(logger|enable_|default_root_dir)|(^|[._])(seed(_everything)?|dirpath|save_dir|ckpt_path)$|\.versions\."
)
_NAMED = 3


class Run(NamedTuple):
    """A run that was read.

    Args:
        folder: Where it lies.
        history: What was recorded.
        config: Its configuration, words by dotted keys.
        method: How its method is called beside the others: runs of one name differ in nothing but the seed.
        seed: Its seed; empty if unknown.
        kind: How its method is called where its folder and its settings stand beside it.
    """

    folder: Path
    history: History
    config: dict[str, str]
    method: str
    seed: str
    kind: str

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

    A method is named by its class, with its arguments where two runs differ in them; with the settings in which runs
    of it differ beside the seed, since those are no seeds of one thing; and with as much of the end of the run's path
    as tells them apart where two runs would still have one name.

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
    kinds = _short_names([history.notes.method or "unknown method" for history in histories])
    settings = _settings_apart(kinds, configs)
    names = list(zip(kinds, settings, seeds, strict=True))
    places = [place if names.count(name) > 1 else "" for name, place in zip(names, _places(folders), strict=True)]
    clear = [_with(*parts) for parts in zip(kinds, settings, places, strict=True)]
    return [Run(*parts) for parts in zip(folders, histories, configs, clear, seeds, kinds, strict=True)]


def _with(kind: str, *apart: str) -> str:
    """A name, and behind it what tells it from others."""
    known = "; ".join(filter(None, apart))
    return f"{kind} ({known})" if known else kind


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


def short_key(key: str) -> str:
    """The last parts of a dotted key, which say most.

    Example:
        >>> short_key("model.init_args.learning_rate")
        'learning_rate'
    """
    return ".".join(part for part in key.split(".") if part != "init_args").split("model.")[-1]


def _settings_apart(kinds: list[str], configs: list[dict[str, str]]) -> list[str]:
    """Name the settings in which runs of one method differ: three, or as many as tell them apart."""
    found = [""] * len(kinds)
    for kind in dict.fromkeys(kinds):
        places = [place for place, name in enumerate(kinds) if name == kind and configs[place]]
        of_kind = [configs[place] for place in places]
        keys = sorted((key for key in differences(of_kind) if not _NO_SETTING.search(key)), key=len)
        for place in places:
            shown = [f"{short_key(key)}={configs[place].get(key, '–')}" for key in keys[: _enough(of_kind, keys)]]
            found[place] = ", ".join(shown)
    return found


def _enough(configs: list[dict[str, str]], keys: list[str]) -> int:
    """How many of the keys tell the configurations apart as all do, at least three."""

    def told_apart(count: int) -> int:
        return len({tuple(config.get(key) for key in keys[:count]) for config in configs})

    every = told_apart(len(keys))
    return next(count for count in range(_NAMED, len(keys) + _NAMED + 1) if told_apart(count) == every)


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
