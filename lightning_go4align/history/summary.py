"""A run, or the state of its tasks, as a small table for a notebook."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lightning_go4align.history.sparkline import bar, line, thinned

if TYPE_CHECKING:
    from lightning_go4align.history.record import History

_ROWS = 12
_CELL = 'style="text-align:left;padding:1px 10px 1px 0;white-space:nowrap"'
_NONE = "–"


class TaskRow(NamedTuple):
    """What a table says of a task.

    Args:
        task: Its name.
        weight: Its weight; NaN if it has none.
        loss: Its loss; NaN if it has none.
        group: Its group; -1 for none.
        weights: Its weights over the steps, as far as they are known.
        groups: Its groups over the steps; NaN for none.
    """

    task: str
    weight: float
    loss: float
    group: int
    weights: Sequence[float] = ()
    groups: Sequence[float] = ()


def task_rows(history: "History") -> list[TaskRow]:
    """Take the tasks of a run, those pushed hardest first: mean weight, last loss and last group."""
    means = history.mean_weights
    order = np.argsort(-np.nan_to_num(means), kind="stable")
    losses = history.losses[-1] if len(history.losses) else np.full(len(means), np.nan)
    groups = np.where(history.groups >= 0, history.groups, np.nan)
    return [
        TaskRow(
            history.tasks[i],
            float(means[i]),
            float(losses[i]),
            int(history.last[i]),
            thinned(history.weights[:, i]).tolist(),
            thinned(groups[:, i]).tolist(),
        )
        for i in order
    ]


def summary(title: str, line: str, rows: Sequence[TaskRow]) -> str:
    """Write a title, a line and a table of tasks; of many tasks the first and the last.

    Args:
        title: Heading.
        line: What to say below it.
        rows: A row for each task.

    Returns:
        HTML that needs no style sheet and no script; a table that is too wide for the page scrolls in its place.

    Example:
        >>> summary("GO4Align()", "step 10", [TaskRow("<depth>", 1.5, 0.2, 1)]).count("&lt;depth&gt;")
        1
    """
    shown = rows if len(rows) <= _ROWS else [*rows[: _ROWS // 2], *rows[-_ROWS // 2 :]]
    rest = f"<p>{len(rows) - len(shown)} tasks between these are left out.</p>" if len(shown) < len(rows) else ""
    table = _table(shown) if rows else ""
    return f'<div style="overflow-x:auto" tabindex="0"><b>{escape(title)}</b><p>{escape(line)}</p>{table}{rest}</div>'


def _table(rows: Sequence[TaskRow]) -> str:
    cells = [_cells(row, _largest(rows)) for row in rows]
    names = [name for name in cells[0] if name == "task" or any(row[name] not in ("", _NONE) for row in cells)]
    head = "".join(f'<th scope="col" {_CELL}>{name}</th>' for name in names)
    body = "".join(f"<tr>{''.join(f'<td {_CELL}>{row[name]}</td>' for name in names)}</tr>" for row in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _largest(rows: Sequence[TaskRow]) -> float:
    return max((abs(row.weight) for row in rows if np.isfinite(row.weight)), default=1.0) or 1.0


def _cells(row: TaskRow, largest: float) -> dict[str, str]:
    """Write the cells of a row by the headings of their columns."""
    weight, loss, group = ("mean weight", "last loss", "last group") if row.weights else ("weight", "loss", "group")
    return {
        "task": escape(row.task),
        weight: _number(row.weight),
        "": bar(abs(row.weight) / largest) if np.isfinite(row.weight) else "",
        loss: _number(row.loss),
        group: str(row.group) if row.group >= 0 else _NONE,
        "weight over the steps": line(row.weights, f"weight of {row.task} over the steps"),
        "group over the steps": line(row.groups, f"group of {row.task} over the steps", steps=True),
    }


def _number(value: float) -> str:
    return _NONE if np.isnan(value) else f"{value:.3g}"
