"""The page of a run."""

from collections.abc import Mapping
from html import escape

from lightning_go4align.history import History
from lightning_go4align.plots.lines import TASKS_UP_TO
from lightning_go4align.report import tables
from lightning_go4align.report.cards import figure_card, table_card
from lightning_go4align.report.figures import GROUPS, SCORES, WEIGHTS, figures
from lightning_go4align.report.overview import circumstances, overview
from lightning_go4align.report.payload import packed, payload
from lightning_go4align.report.shell import facts, search, shell
from lightning_go4align.words import duration

_TASKS = (
    "Means are of the recorded steps with the task, and a weight or a loss of 0 counts; the first and the last loss "
    "are means of the first and the last twentieth. A mean weight of 1× is that of an unweighted sum."
)
_DATA = (
    "The steps that this page holds, with every task's loss, weight, indicator and group. The run's whole log is "
    "<code>group_dynamics.npz</code>; <code>lightning_go4align.history.History.load</code> reads it."
)


def page(history: History, config: Mapping[str, str] | None = None) -> str:
    """Write a run as one HTML page that needs nothing else, not even a network.

    Args:
        history: The run.
        config: Its configuration, words by dotted keys.

    Returns:
        HTML, with a figure for each shown, and of two of them another one for phones.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> page(example_history()).count("<figure")
        15
    """
    name = history.notes.run or "group dynamics"
    parts = _parts(history, config or {})
    content = "\n".join(f'<h2 id="{_anchor(title)}">{title}</h2>\n{part}' for title, part in parts.items())
    body = (
        f"{_bar(list(parts), searches=len(history.steps) > 0)}\n<main>\n<h1>{escape(name)}</h1>\n"
        f'<p class="about">{facts(_about(history))}</p>\n{overview(history)}\n{content}\n</main>'
    )
    return shell(f"{name} · group dynamics", body, packed(payload(history)) if len(history.steps) else "")


def _parts(history: History, config: Mapping[str, str]) -> dict[str, str]:
    shown = figures(history)
    parts: dict[str, str] = {}
    for title in (GROUPS, WEIGHTS, SCORES):
        cards = [figure_card(figure, history) for figure in shown if figure.part == title]
        if cards:
            joined = "\n".join([*cards, *_table(title, history)])
            parts[title] = f'<div class="cards">\n{joined}\n</div>'
    if len(history.steps):
        buttons = '<button type="button" id="csv">CSV</button><button type="button" id="json">JSON</button>'
        parts["Data"] = f'<div class="card"><p>{_DATA}</p><div class="tools">{buttons}</div></div>'
    else:
        parts["Steps"] = "<p>No training step was recorded.</p>"
    return parts | {"How it was run": circumstances(history, config)}


def _table(title: str, history: History) -> list[str]:
    if title == GROUPS:
        narrow = 1 < len(history.tasks) <= TASKS_UP_TO  # then the matrix leaves room beside it
        size, sets = "half" if narrow else "wide", tables.clusters_table(history)
        groups = table_card("Groups, from the lowest weight to the highest", tables.groups_table(history))
        return [table_card("Tasks that travel together in 90% of steps or more", sets, size), groups]
    if title == WEIGHTS:
        return [table_card("Tasks", f"<p>{_TASKS}</p>{tables.tasks_table(history)}")]
    return [table_card("Metrics", tables.metrics_table(history), "half")] if history.metrics else []


def _bar(titles: list[str], searches: bool) -> str:
    links = "".join(f'<a href="#{_anchor(title)}">{title}</a>' for title in titles)
    form = search("Highlight tasks", '<button type="button" id="whole">All steps</button>')
    bar = f'<nav aria-label="Parts of the page">{links}</nav>{form if searches else ""}'
    return f'<header class="bar">{bar}</header>'


def _about(history: History) -> list[tuple[str, str]]:
    notes, validations = history.notes, history.validations
    return [
        ("method", notes.method),
        ("tasks", str(len(history.tasks))),
        ("steps", f"{history.total:,}" if history.total else ""),
        ("epochs", f"{round(float(validations.epochs[-1]), 2):g}" if len(validations) else ""),
        ("started", notes.started[:16].replace("T", " ")),
        ("took", duration(notes.seconds) if notes.seconds else ""),
        ("interrupted", notes.interrupted),
    ]


def _anchor(title: str) -> str:
    return "part-" + title.lower().replace(" ", "-")
