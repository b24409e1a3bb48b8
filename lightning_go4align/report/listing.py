"""Runs in a table, and the page that lists all runs below a folder."""

from html import escape
from pathlib import Path

from lightning_go4align.history import FILE
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.facts import percent
from lightning_go4align.report.runs import Run, distinguishing, short_key
from lightning_go4align.report.shell import search, shell
from lightning_go4align.report.tables import table
from lightning_go4align.words import counted, duration

_BESIDE = 3  # settings that stand in the table of the runs; more get tables of their own
_IN_ONE = 6  # settings side by side, which fit a page of A4
_SETTINGS = 4 * _IN_ONE
_SEARCHED = 10  # runs, from which on readers look for one


def runs_tables(runs: list[Run], links: list[str], searched: bool = False) -> list[str]:
    """Write a line for each run: how it did, and in what its configuration differs from the others'.

    Args:
        runs: The runs.
        links: Where each run's own page is.
        searched: Whether the page has a search that looks for runs.

    Returns:
        HTML of a table; and of others behind it where runs differ in so many settings that one would be too wide.
    """
    keys = distinguishing(runs)
    beside = keys if len(keys) <= _BESIDE else []
    names = [f"{run.folder} {run.method}" for run in runs] if searched else []
    rows = [[*_facts(run), *_values(run, beside)] for run in runs]
    found = [table("Runs", [*_HEAD, *map(short_key, beside)], rows, names, links)]
    apart = [] if beside else keys[:_SETTINGS]
    for at in range(0, len(apart), _IN_ONE):
        some = apart[at : at + _IN_ONE]
        rows = [[str(run.folder), _best(run), *_values(run, some)] for run in runs]
        head = ["run", "best ∆m", *map(short_key, some)]
        title = f"Settings in which the runs differ: {at + 1} to {at + len(some)} of {len(keys)}"
        found.append(f"<h3>{title}</h3>{table(title, head, rows, names, links)}")
    if len(keys) > _SETTINGS:
        found.append(f"<p>{len(keys) - _SETTINGS} more with longer names are not shown.</p>")
    return found


def cards_of_runs(tables: list[str]) -> str:
    """Put the tables of runs into cards as wide as the page."""
    return "".join(f'<div class="card wide whole">{one}</div>' for one in tables)


_HEAD = ["run", "method", "seed", "best ∆m", "last ∆m", "alarms", "started", "took", "steps"]


def _values(run: Run, keys: list[str]) -> list[str]:
    return [run.config.get(key, "–") for key in keys]


def listing(root: Path, runs: list[Run], links: list[str], unread: list[str]) -> str:
    """Write the page that lists runs.

    Args:
        root: The folder below which they lie.
        runs: The runs.
        links: Where each run's own page is, seen from this one.
        unread: What to say of logs that could not be read.

    Returns:
        HTML.
    """
    count = counted(len(runs), "run")
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in unread)
    notice = (
        f'<section class="alarms" aria-labelledby="unread"><h2 id="unread">Not read</h2><ul>{problems}</ul></section>'
        if unread
        else ""
    )
    none = f"<p>No folder below this one holds a <code>{FILE}</code> yet.</p>"
    searched = len(runs) > _SEARCHED
    listed = cards_of_runs(runs_tables(runs, links, searched)) if runs else none
    hint = "Compare some of them: <code>go4align report RUN RUN …</code>. The last columns show in what they differ."
    title = f"{count} in {root.resolve().name}"
    bar = f'<header class="bar"><p>{escape(title)}</p>{search("Runs and methods")}</header>\n' if searched else ""
    body = (
        f'{bar}<main>\n<h1>{escape(title)}</h1>\n<p class="calm">{hint}</p>\n{notice}'
        f'<h2>Runs</h2>\n<div class="cards">\n{listed}\n</div>\n</main>'
    )
    return shell(title, body, searches=searched)


def _facts(run: Run) -> list[str]:
    history, found = run.history, run.history.validations
    return [
        str(run.folder),
        run.kind,
        run.seed or "–",
        _best(run),
        percent(float(found.delta_m[-1]), 1) if found.scored else "–",
        "; ".join(alarm.short for alarm in alarms(history)) or "none",
        history.notes.started[:16].replace("T", " ") or "–",
        duration(history.notes.seconds),
        f"{history.total:,}",
    ]


def _best(run: Run) -> str:
    found = run.history.validations
    return percent(float(found.delta_m[found.best]), 1) if found.scored else "–"
