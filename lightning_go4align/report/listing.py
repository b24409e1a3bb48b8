"""Runs in a table, and the page that lists all runs below a folder."""

from html import escape
from pathlib import Path

from lightning_go4align.history import FILE
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.facts import duration, percent
from lightning_go4align.report.runs import Run, distinguishing
from lightning_go4align.report.shell import shell
from lightning_go4align.report.tables import table

_SETTINGS = 12


def runs_table(runs: list[Run], links: list[str]) -> str:
    """Write a line for each run: how it did, and in what its configuration differs from the others'.

    Args:
        runs: The runs.
        links: Where each run's own page is.

    Returns:
        HTML.
    """
    keys = distinguishing(runs, _SETTINGS)
    head = [
        "run",
        "method",
        "seed",
        "best ∆m",
        "last ∆m",
        "alarms",
        "started",
        "took",
        "steps",
        *map(_shortest, keys),
    ]
    rows = [[*_facts(run), *(run.config.get(key, "–") for key in keys)] for run in runs]
    return table("Runs", head, rows, links=links)


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
    count = f"{len(runs)} run" + ("" if len(runs) == 1 else "s")
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in unread)
    notice = (
        f'<section class="alarms" aria-labelledby="unread"><h2 id="unread">Not read</h2><ul>{problems}</ul></section>'
        if unread
        else ""
    )
    none = f"<p>No folder below this one holds a <code>{FILE}</code> yet.</p>"
    listed = f'<div class="card wide">{runs_table(runs, links)}</div>' if runs else none
    hint = (
        "Compare some of them: <code>go4align report RUN RUN …</code>. Columns on the right show where runs differ."
    )
    name = escape(root.resolve().name)
    body = (
        f'<main>\n<h1>{count} in {name}</h1>\n<p class="calm">{hint}</p>\n{notice}'
        f'<div class="cards">\n{listed}\n</div>\n</main>'
    )
    return shell(f"{count} in {root.resolve().name}", body)


def _facts(run: Run) -> list[str]:
    history, found = run.history, run.history.validations
    best, last = (found.delta_m[found.best], found.delta_m[-1]) if found.scored else (None, None)
    return [
        str(run.folder),
        run.method,
        run.seed or "–",
        *("–" if value is None else percent(float(value), 1) for value in (best, last)),
        "; ".join(alarm.short.replace("**", "") for alarm in alarms(history)) or "none",
        history.notes.started[:16].replace("T", " ") or "–",
        duration(history.notes.seconds),
        f"{history.total:,}",
    ]


def _shortest(key: str) -> str:
    """The last parts of a dotted key, which say most."""
    return ".".join(part for part in key.split(".") if part != "init_args").split("model.")[-1]
