"""What ``go4align tune`` searches, as the study's YAML file says it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lightning_go4align.plain_text import has_hidden

METHOD = "method"  # what trials call the choice of one
KEYS = {"low", "high", "log", "choices", "methods"}


class Trial(Protocol):
    """Suggests values, as Optuna's trials do."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int: ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float: ...

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any: ...


@dataclass(frozen=True)
class Search:
    """What to search, and how long.

    Args:
        space: For each argument of ``fit``, by its dotted name, ``{low, high}`` (whole numbers if both are;
            ``log: true`` for orders of magnitude) or ``{choices: [...]}``; with ``methods: [...]`` for those of the
            study's methods alone. The method itself is searched, too, if the study has several beside the reference.
        trials: Most runs of the search.
        startup: Runs that are chosen at random, and that none is stopped before. Later one is stopped if, in the
            second half of its epochs, its best is worse than the median of the others at the same epoch.
        finalists: How many are run with each of the study's seeds, against the reference: the best of each method
            first, then the next best of all.
        seed: Seed of the runs of the search; not one of the study's, for these are what finalists are judged by.

    Raises:
        ValueError: If it makes no sense.

    Example:
        >>> Search({"model.init_args.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}).trials
        40
    """

    space: dict[str, dict[str, Any]] = field(default_factory=dict)
    trials: int = 40
    startup: int = 8
    finalists: int = 2
    seed: int = 10_000

    def __post_init__(self) -> None:
        for name, number in {"trials": self.trials, "startup": self.startup, "finalists": self.finalists}.items():
            if number < 1:
                raise ValueError(f"`search.{name}` must be at least 1, but is {number}.")
        for name, entry in self.space.items():
            _check_name(name)
            _check(name, entry)

    def suggest(self, trial: Trial, methods: list[str]) -> tuple[str, dict[str, Any]]:
        """Choose a method and its arguments.

        Args:
            trial: What suggests values.
            methods: The methods to choose from.
        """
        method: str = trial.suggest_categorical(METHOD, methods) if len(methods) > 1 else methods[0]
        entries = {name: entry for name, entry in self.space.items() if method in entry.get("methods", [method])}
        return method, {name: _suggest(trial, name, entry) for name, entry in entries.items()}


def _suggest(trial: Trial, name: str, entry: Mapping[str, Any]) -> Any:
    if "choices" in entry:
        # By their place: Optuna stores numbers and text alone, and choices may be classes with arguments.
        return entry["choices"][trial.suggest_categorical(name, list(range(len(entry["choices"]))))]
    low, high, log = entry["low"], entry["high"], bool(entry.get("log", False))
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)


def _check_name(name: str) -> None:
    whole = all(map(str.strip, name.split(".")))
    if name == METHOD or not whole or set(name) & set("= ") or has_hidden(name):
        raise ValueError(
            f"`search.space` has the name {name[:80]!r}. Name arguments of `fit`, with dots and without spaces, as "
            "in model.init_args.learning_rate."
        )


def _check(name: str, entry: object) -> None:
    key = f"`search.space.{name}`"
    if not isinstance(entry, Mapping) or ("choices" in entry) == ("low" in entry or "high" in entry):
        raise ValueError(f"{key} must be {{low, high}} or {{choices}}, but is {entry!r}.")
    if unknown := sorted(set(entry) - KEYS):
        raise ValueError(f"{key} may have {sorted(KEYS)}, but has {unknown}.")
    if "choices" in entry:
        if not isinstance(entry["choices"], list) or not entry["choices"]:
            raise ValueError(f"{key}.choices must be a list of at least one value, but is {entry['choices']!r}.")
        return
    low, high = entry.get("low"), entry.get("high")
    if not all(isinstance(end, int | float) and math.isfinite(end) for end in (low, high)):
        raise ValueError(f"{key} needs numbers as `low` and `high`, without quotes, but has {low!r} and {high!r}.")
    if low > high or (entry.get("log") and low <= 0):  # type: ignore[operator]  # numbers, as just seen
        raise ValueError(f"{key} must have `low` at most `high`, and above 0 with `log`, but has {low} and {high}.")
