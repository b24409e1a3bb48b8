"""The best of a search, and the study that decides between them; needs ``optuna``."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import optuna
from optuna.trial import TrialState

from lightning_go4align.plain_text import in_markdown, in_one_line
from lightning_go4align.studies.cells import cell, markdown
from lightning_go4align.studies.choosing import MEND_SELECT_BY
from lightning_go4align.studies.names import short_arguments
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Method, Study
from lightning_go4align.words import counted

_DIGITS, _ALL_DIGITS = 3, 17  # of a number in a name; with the latter no two floats look alike


class Finalist(NamedTuple):
    """One of the best of a search.

    Args:
        name: What tables call it.
        method: The method with its settings.
        value: The best that it logged.
    """

    name: str
    method: Method
    value: float


def best_finalists(study: Study, methods: list[str], trials: Sequence[optuna.trial.FrozenTrial]) -> list[Finalist]:
    """List the best of the trials that ended, as many as the search wants, each setting once.

    Methods come before settings: the best of every method, then, if more are wanted, the next best of all. A search
    ends near one optimum, and would send the same method thrice otherwise.

    Args:
        study: The study that was searched.
        methods: The methods that the search chose from.
        trials: Trials that ended, with what they logged.

    Returns:
        The best, in their order: of every method one, then the others.

    Raises:
        ValueError: If no trial ended, or none gave a number.
    """
    if not trials:
        raise ValueError("No trial ended. Give the search more `hours`, or see what was said of those that failed.")
    search = study.search or Search()
    ranked = sorted((trial for trial in trials if _is_number(trial.value)), key=lambda trial: trial.value or 0.0)
    if not ranked:
        raise ValueError(f"No trial logged a number under {study.select_by!r}. {MEND_SELECT_BY}")
    found: dict[str, tuple[str, dict[str, Any], float]] = {}
    first: dict[str, str] = {}
    for trial in ranked:
        method, settings = search.suggest(optuna.trial.FixedTrial(trial.params), methods)
        key = finalist_name(method, settings, _ALL_DIGITS)
        first.setdefault(method, key)
        found.setdefault(key, (method, settings, float(trial.value or 0.0)))
    order = sorted(found, key=lambda key: key not in first.values())
    return _named(study, [found[key] for key in order[: search.finalists]])


def _named(study: Study, found: Sequence[tuple[str, dict[str, Any], float]]) -> list[Finalist]:
    """Name finalists with as few digits as tell them apart."""
    for digits in range(_DIGITS, _ALL_DIGITS + 1):
        names = [finalist_name(method, settings, digits) for method, settings, _ in found]
        if len(set(names)) == len(names):
            break
    chosen = [with_settings(study.methods[method], settings) for method, settings, _ in found]
    return [Finalist(*one) for one in zip(names, chosen, [value for *_, value in found], strict=True)]


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def with_settings(method: Method, settings: dict[str, Any]) -> Method:
    """Set arguments of a method.

    Args:
        method: The method.
        settings: What to set, by dotted names of arguments of ``fit``.
    """
    return replace(method, overrides={**method.overrides, **settings})


def finalist_name(method: str, settings: dict[str, Any], digits: int = _DIGITS) -> str:
    """Name a method with its settings.

    Args:
        method: Name of the method.
        settings: Its settings, by dotted names of arguments of ``fit``.
        digits: Most digits of a number.
    """
    return f"{method}, {settings_text(settings, digits)}" if settings else method


def search_table(search: Search, methods: list[str], trials: Sequence[optuna.trial.FrozenTrial], metric: str) -> str:
    """List what a search tried, the best first; what was stopped early last.

    Args:
        search: What was searched.
        methods: The methods that the search chose from.
        trials: Trials that ended or were stopped.
        metric: What they were judged by.

    Returns:
        Markdown.
    """
    rows = []
    for trial in sorted(trials, key=_rank):
        name = finalist_name(*search.suggest(optuna.trial.FixedTrial(trial.params), methods))
        stopped = trial.state is TrialState.PRUNED
        seen = [value for value in trial.intermediate_values.values() if math.isfinite(value)]
        value = min(seen, default=math.nan) if stopped else float(trial.value or 0.0)
        epochs = f"stopped after {len(trial.intermediate_values)}" if stopped else "all"
        rows.append([in_markdown(name), cell([value]), epochs])
    about = f"What the search tried with one seed, and the best that it logged: {counted(len(rows), 'run')}.\n\n"
    return about + markdown(["method and settings", in_markdown(metric), "epochs"], rows)


def _rank(trial: optuna.trial.FrozenTrial) -> tuple[bool, float]:
    stopped = trial.state is TrialState.PRUNED
    value = -len(trial.intermediate_values) if stopped else trial.value
    return stopped, math.inf if value is None or math.isnan(value) else value


def settings_text(params: dict[str, Any], digits: int = _DIGITS) -> str:
    """Say settings in short.

    Args:
        params: The settings, by dotted names of arguments of ``fit``.
        digits: Most digits of a number.

    Example:
        >>> settings_text({"model.init_args.learning_rate": 0.0012345, "model.method.num_groups": 3})
        'learning_rate 0.00123, num_groups 3'
    """
    short = short_arguments(params)
    return ", ".join(f"{short[name]} {_plain(value, digits)}" for name, value in params.items())


def _plain(value: object, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else in_one_line(value) or "''"


def finals(study: Study, finalists: list[Finalist]) -> Study:
    """Make the study that decides: the finalists against the reference, as it stands, with paired seeds.

    Args:
        study: The study that was searched.
        finalists: The best of the search.
    """
    reference = {str(study.reference): study.methods[str(study.reference)]}
    # A finalist of the reference's own name would take its place, and be compared with itself.
    named = {f"{one.name} (found)" if one.name in reference else one.name: one.method for one in finalists}
    methods = {**reference, **named}
    return replace(study, name=f"{study.name}_finals", methods=methods, learning_rates=[], outputs=[])
