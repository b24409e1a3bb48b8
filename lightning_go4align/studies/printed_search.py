"""What ``go4align tune --dry_run`` prints: what would be searched, how long, and what decides; needs ``optuna``."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lightning_go4align.studies.finalists import finalist_name
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.printed_plan import near, spans
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.search_state import ended_trials, sampler, searched_methods, seconds_of
from lightning_go4align.studies.study import Study
from lightning_go4align.words import counted, duration


def print_search(study: Study, hours: float, jobs: int, console: Console) -> None:
    """Print what a search would do; nothing is run, and nothing written.

    Args:
        study: The study, with a section ``search`` and a ``reference``.
        hours: Time for all.
        jobs: Number of runs side by side.
        console: Where to print.
    """
    search, ended = study.search or Search(), ended_trials(study)
    console.print(Text(_summary(study, search)))
    console.print(_space(study, search))
    for line in (*_state(study, search, ended), *_finals(study, search), _budget(study, search, ended, hours, jobs)):
        console.print(Text(line))


def _summary(study: Study, search: Search) -> str:
    epochs = make_plan(study).runs[0].num_epochs
    length = f" of {epochs} epochs" if epochs is not None else ""
    return (
        f"{study.name}: at most {counted(search.trials, 'trial')}{length} with seed {search.seed}, judged by the "
        f"best {study.select_by}; the first {search.startup} at random"
        f"{'; `learning_rates` is for `go4align study` alone' if study.learning_rates else ''}"
    )


def _space(study: Study, search: Search) -> Table:
    methods, table = searched_methods(study), Table()
    for name in ("argument", "values", "methods"):
        table.add_column(name, overflow="fold")
    if len(methods) > 1:
        table.add_row("method", Text(", ".join(methods)), "")
    for name, entry in search.space.items():
        having = [method for method in methods if method in entry.get("methods", methods)]
        words = "all" if having == methods else ", ".join(having) or "none"
        table.add_row(*map(Text, (name.replace(".init_args", ""), _values(entry), words)))
    return table


def _values(entry: Mapping[str, Any]) -> str:
    """What may be chosen.

    Example:
        >>> _values({"low": 1e-4, "high": 0.01, "log": True}), _values({"choices": [None, 2]})
        ('0.0001 to 0.01, log', 'None, 2')
    """
    if "choices" in entry:
        return ", ".join(map(str, entry["choices"]))
    scale = ", log" if entry.get("log") else ""
    return f"{entry['low']:g} to {entry['high']:g}{scale}"


def _state(study: Study, search: Search, ended: Sequence[FrozenTrial]) -> Iterator[str]:
    if ended:
        stopped = sum(trial.state is TrialState.PRUNED for trial in ended)
        yield f"{len(ended)} of {counted(search.trials, 'trial')} ended, {stopped} of them stopped early."
        return
    # The first trials are chosen at random, with a seed: they can be known without a run.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trial = optuna.create_study(sampler=sampler(search, 0)).ask()
    yield f"First: {finalist_name(*search.suggest(trial, searched_methods(study)))}, seed {search.seed}."


def _finals(study: Study, search: Search) -> Iterator[str]:
    seeds = study.seeds_of(str(study.reference))
    best = "the best" if search.finalists == 1 else f"the best {search.finalists}, of each method first,"
    yield (
        f"Finals: {best} against {study.reference}, seeds {spans(seeds)}: "
        f"{counted(_final_runs(study, search), 'run')}. Results go to {near(study, '_finals')}."
    )


def _final_runs(study: Study, search: Search) -> int:
    return search.finalists * len(study.seeds) + len(study.seeds_of(str(study.reference)))


def _budget(study: Study, search: Search, ended: Sequence[FrozenTrial], hours: float, jobs: int) -> str:
    """Say how many trials the time holds beside the finals, as earlier trials took."""
    given = f"{hours:g} h with {counted(jobs, 'job')}"
    known = seconds_of(ended)
    if not known:
        return f"{given}: no trial has ended yet, so how many it holds cannot be estimated."
    usual = statistics.mean(known)
    rounds = 3600 * hours / max(usual, 1e-9) - math.ceil(_final_runs(study, search) / jobs)
    more = max(0, min(search.trials - len(ended), math.floor(rounds) * jobs))
    return f"{given}: about {counted(more, 'more trial')} beside the finals, at {duration(usual)} each."
