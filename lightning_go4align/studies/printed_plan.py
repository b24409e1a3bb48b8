"""The plan of a study, as ``go4align study --dry_run`` prints it."""

import json
import os
import re
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lightning_go4align.config_files import differences, leaves
from lightning_go4align.studies.logs import epochs_done
from lightning_go4align.studies.names import short_arguments
from lightning_go4align.studies.plan import Plan, Run
from lightning_go4align.studies.study import Study
from lightning_go4align.words import counted, duration, first_of

_SETTINGS = 6


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan: what all methods have in common, and a row for each method, or more where its seeds differ.

    Args:
        plan: The plan.
        console: Where to print.

    Example: ``print_plan(make_plan(read_study(Path("configs/studies/toy.yaml"))), Console())``
    """
    groups = [group for name in plan.study.methods for group in _groups(plan, name)]
    columns = {
        "method": [group.method for group in groups],
        "what differs": [_differing(plan)[group.method] or "–" for group in groups],
        "learning rates": [_rates(group.rates) for group in groups],
        "seeds": [spans(group.seeds) for group in groups],
        "finished": [_progress(group.runs) for group in groups],
    }
    common = {name: columns.pop(name)[0] for name in ("learning rates", "seeds") if len(set(columns[name])) == 1}
    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, row))
    console.print(Text(_summary(plan, groups, common)))
    console.print(table)
    for line in _next(plan):
        console.print(Text(line))


class _Group(NamedTuple):
    """The runs of a method whose seeds have the same learning rates."""

    method: str
    seeds: list[int]
    rates: tuple[float | None, ...]
    runs: list[Run]


def _groups(plan: Plan, method: str) -> list[_Group]:
    runs = [run for run in plan.runs if run.method == method]
    rates: dict[int, tuple[float | None, ...]] = {}
    for run in runs:
        rates[run.seed] = (*rates.get(run.seed, ()), run.learning_rate)
    found = []
    for one in dict.fromkeys(rates.values()):
        seeds = [seed for seed in rates if rates[seed] == one]
        found.append(_Group(method, seeds, one, [run for run in runs if run.seed in seeds]))
    return found


def _summary(plan: Plan, groups: list[_Group], common: Mapping[str, str]) -> str:
    """The name, the size, and what all methods have in common."""
    epochs = {run.num_epochs for run in plan.runs}
    length = f" of {epochs.pop()} epochs" if len(epochs) == 1 and None not in epochs else ""
    factors = [counted(len(plan.study.methods), "method")]
    if len(common) == 2:  # else their product is not the number of runs
        rates, seeds = len(groups[0].rates), len(groups[0].seeds)
        factors += [counted(rates, "learning rate")] * (rates > 1) + [counted(seeds, "seed")]
    facts = [f"{name}: {value}" for name, value in common.items() if value]
    size = f"{plan.study.name}: {counted(len(plan.runs), 'run')}{length}, {' × '.join(factors)}"
    return "; ".join([size, *facts])


def _next(plan: Plan) -> Iterable[str]:
    if plan.waiting:
        metrics = {plan.study.select_by_of(name) for name in plan.study.methods}
        by = metrics.pop() if len(metrics) == 1 else "a metric of each"
        yield f"and {plan.waiting} more once learning rates are chosen, by {by}"
    first = next((run for run in plan.runs if not run.is_finished), None)
    if first is not None:
        yield f"First: {first.title}."
    yield f"Results go to {near(plan.study)}."


def estimate(plan: Plan, jobs: int) -> str:
    """Say how long a plan takes, as finished runs took.

    Args:
        plan: The plan.
        jobs: Number of runs side by side.
    """
    known = {run.method: seconds for run in plan.runs if (seconds := _seconds(run)) is not None}
    if not known:
        return "No run is finished yet: the time cannot be estimated."
    usual = statistics.mean(known.values())
    total = sum(known.get(run.method, usual) for run in plan.runs if not run.is_finished) + plan.waiting * usual
    return f"About {duration(total / jobs)} with {counted(jobs, 'job')}, as finished runs took."


def _seconds(run: Run) -> float | None:
    """Time that a run took; None if it is unfinished or was interrupted."""
    if not run.is_finished:
        return None
    seconds: float | None = json.loads((run.folder / "finished.json").read_text())["seconds"]
    return seconds


def near(study: Study, suffix: str = "") -> str:
    """Write where a study's results go, as seen from the current folder where that is shorter.

    Args:
        study: The study.
        suffix: What its folder's name ends in.
    """
    path = Path(study.folder) / f"{study.name}{suffix}"
    return min(str(path), os.path.relpath(path), key=len)


def _rates(rates: Iterable[float | None]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates if rate is not None)


def spans(seeds: list[int]) -> str:
    """Write numbers, of three or more in a row the ends.

    Example:
        >>> spans([0, 1, 2, 3, 7, 9])
        '0 to 3, 7, 9'
    """
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    return ", ".join(f"{span[0]} to {span[-1]}" if len(span) > 2 else ", ".join(map(str, span)) for span in spans)


def _progress(runs: list[Run]) -> str:
    finished = sum(run.is_finished for run in runs)
    begun = sum(not run.is_finished and epochs_done(run.folder) > 0 for run in runs)
    return f"{finished} of {len(runs)}" + (f", {begun} begun" if begun else "")


def _differing(plan: Plan) -> dict[str, str]:
    """In what the configurations of the methods differ, in words."""
    flat = {name: _in_words(plan.run(name, 0, None).config) for name in plan.study.methods}
    differing = differences(list(flat.values()))
    found, short = {}, short_arguments(differing)
    for name, one in flat.items():
        words = [_setting(short[key], one[key]) for key in differing if key in one]
        found[name] = first_of(words, _SETTINGS)
    return found


def _in_words(config: Mapping[str, Any]) -> dict[str, str]:
    found = leaves(config)
    return {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in found}


def _setting(key: str, value: str) -> str:
    """A class by its name, anything else with its key.

    Example:
        >>> _setting("method", "torchjd.scalarization.Sum"), _setting("beta", "0.1")
        ('Sum', 'beta 0.1')
    """
    is_class = re.fullmatch(r"[\w.]+\.[A-Z]\w*", value)
    return value.rpartition(".")[2] if is_class else f"{key} {value}"
