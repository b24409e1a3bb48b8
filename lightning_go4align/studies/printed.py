"""What ``go4align study`` prints: the plan, and the results, as tables that fit the terminal."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lightning_go4align.studies.logs import epochs_done
from lightning_go4align.studies.plan import Plan, Run
from lightning_go4align.studies.results import Results
from lightning_go4align.studies.tables import comparison_columns

_SETTINGS = 6
_FIRST = ("method", "∆m% ↓", "MR ↓")
_LAST = ("learning rate", "seeds", "s/epoch", "CPU s/epoch")


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan: a row for each method, or two where only some of its seeds try several learning rates.

    Args:
        plan: The plan.
        console: Where to print.

    Example: ``print_plan(make_plan(read_study(Path("configs/studies/toy.yaml"))), Console())``
    """
    table = Table(title=Text(_summary(plan)), title_justify="left")
    has_rates = len(plan.study.learning_rates) > 0
    for name in ("method", "what differs", *(["learning rate"] if has_rates else []), "seeds", "runs", "finished"):
        table.add_column(name, justify="right" if name == "runs" else "left", overflow="fold")
    differing = _differing({name: plan.run(name, 0, None).config for name in plan.study.methods}, plan)
    for name in plan.study.methods:
        for seeds, rates, runs in _groups([run for run in plan.runs if run.method == name]):
            cells = [name, differing[name], *([_rates(rates)] if has_rates else []), _spans(seeds)]
            table.add_row(*map(Text, [*cells, str(len(runs)), _progress(runs)]))
    console.print(table)
    for line in _next(plan):
        console.print(Text(line))


def _summary(plan: Plan) -> str:
    epochs = {run.num_epochs for run in plan.runs}
    length = f", {epochs.pop()} epochs each" if len(epochs) == 1 and None not in epochs else ""
    methods, runs = len(plan.study.methods), len(plan.runs)
    return f"{plan.study.name}: {_counted(runs, 'run')} of {_counted(methods, 'method')}{length}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _next(plan: Plan) -> Iterable[str]:
    if plan.waiting:
        yield f"and {plan.waiting} more once learning rates are chosen, by {plan.study.select_by}"
    first = next((run for run in plan.runs if not run.is_finished), None)
    if first is not None:
        yield f"First: {first.title}."
    folder = Path(plan.study.folder) / plan.study.name
    yield f"Results go to {_near(folder)}."


def _near(path: Path) -> str:
    """A path as seen from the current folder, where that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def _groups(runs: list[Run]) -> list[tuple[list[int], tuple[float | None, ...], list[Run]]]:
    """Seeds that have the same learning rates, those learning rates, and their runs."""
    rates: dict[int, tuple[float | None, ...]] = {}
    for run in runs:
        rates[run.seed] = (*rates.get(run.seed, ()), run.learning_rate)
    alike = dict.fromkeys(rates.values())
    found = []
    for one in alike:
        seeds = [seed for seed in rates if rates[seed] == one]
        found.append((seeds, one, [run for run in runs if run.seed in seeds]))
    return found


def _rates(rates: Iterable[float | None]) -> str:
    return ", ".join("as configured" if rate is None else f"{rate:g}" for rate in rates)


def _spans(seeds: list[int]) -> str:
    """Write numbers, of three or more in a row the ends.

    Example:
        >>> _spans([0, 1, 2, 3, 7, 9])
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


def _differing(configs: Mapping[str, Mapping[str, Any]], plan: Plan) -> dict[str, str]:
    """In what the configurations of the methods differ, in words; the arguments by the last part of their names."""
    flat = {name: dict(_flat("", config)) for name, config in configs.items()}
    keys = dict.fromkeys(key for one in flat.values() for key in one if key != plan.study.seed_argument)
    differing = [key for key in keys if len({one.get(key) for one in flat.values()}) > 1]
    found = {}
    for name, one in flat.items():
        words = [_setting(key, one[key]) for key in differing if key in one]
        rest = f" and {len(words) - _SETTINGS} more" if len(words) > _SETTINGS else ""
        found[name] = ", ".join(words[:_SETTINGS]) + rest
    return found


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, str]]:
    if not (isinstance(value, Mapping) and value):
        yield prefix, str(value)
        return
    for name, part in value.items():
        yield from _flat(f"{prefix}.{name}" if prefix else str(name), part)


def _setting(key: str, value: str) -> str:
    name = key.rpartition(".")[2]
    is_class = name == "class_path"
    return value.rpartition(".")[2] if is_class else f"{name} {value}"


def print_results(results: Results, console: Console) -> None:
    """Print as many columns of the comparison of methods as fit beside each other, the scores before all others.

    Args:
        results: The study's results.
        console: Where to print.
    """
    columns = comparison_columns(results)
    metrics = [name for name in columns if name not in (*_FIRST, *_LAST)]
    ranked = [name for name in (*_FIRST, *metrics, *_LAST) if name in columns]
    shown: list[str] = []
    for name in ranked:
        more = [*shown, name]
        if Measurement.get(console, console.options, _results_table(columns, more)).maximum > console.width:
            break
        shown = more
    console.print(_results_table(columns, [name for name in columns if name in shown] or ranked[:2]))


def _results_table(columns: Mapping[str, list[str]], shown: list[str]) -> Table:
    left_out = len(columns) - len(shown)
    note = f"{_counted(left_out, 'more column')}: table.md" if left_out else None
    table = Table(caption=note, caption_justify="left")
    for name in shown:
        table.add_column(name, justify="left" if name == "method" else "right")
    for row in zip(*(columns[name] for name in shown), strict=True):
        table.add_row(*(Text(cell.strip("*"), "bold" if cell.startswith("**") else "") for cell in row))
    return table
