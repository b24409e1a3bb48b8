"""Tables of a run: its groups, its tasks, its metrics."""

from collections.abc import Sequence
from html import escape

import numpy as np

from lightning_go4align.history import History, known_mean
from lightning_go4align.plots.order import task_order
from lightning_go4align.plots.style import minus
from lightning_go4align.report.clusters import clusters
from lightning_go4align.report.task_facts import task_facts
from lightning_go4align.words import counted, first_of

_NAMED = 12
_SHORT = 24  # characters that stay in one line
_PRINTED = 60  # rows; as in page.css


def table(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    names: Sequence[str] = (),
    links: Sequence[str] = (),
) -> str:
    """Write a table whose first column names its rows; it scrolls, by keyboard too, where it is too large.

    Args:
        title: What it holds, for those who cannot see where it stands.
        head: Names of the columns.
        rows: Words of each cell.
        names: The task of each row, which the page's search looks for.
        links: Where the name of each row leads.

    Returns:
        HTML.

    Example:
        >>> '<th scope="row">&lt;a&gt;</th><td>1</td>' in table("weights", ["task", "weight"], [["<a>", "1"]])
        True
    """
    # A line may be broken behind a dot: names of settings are long.
    heads = "".join(f'<th scope="col">{escape(name).replace(".", ".<wbr>")}</th>' for name in head)
    marks = [f' data-task="{escape(name)}"' for name in names] or [""] * len(rows)
    ends = list(links) or [""] * len(rows)
    body = "".join(f"<tr{mark}>{_cells(row, end)}</tr>" for mark, row, end in zip(marks, rows, ends, strict=True))
    inner = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    cut = f"The first {_PRINTED} of {len(rows):,} rows. The page itself holds all." if len(rows) > _PRINTED else ""
    note = f'<p class="printed">{cut}</p>' if cut else ""
    return f'<div class="table" tabindex="0" role="region" aria-label="{escape(title)}">{inner}{note}</div>'


def _cells(row: Sequence[str], link: str) -> str:
    first, *rest = row
    name = f'<a href="{escape(link)}">{escape(first)}</a>' if link else escape(first)
    kinds = ['<td class="long">' if len(cell) > _SHORT else "<td>" for cell in rest]
    return f'<th scope="row">{name}</th>' + "".join(
        f"{kind}{escape(cell)}</td>" for kind, cell in zip(kinds, rest, strict=True)
    )


def number(value: float, unit: str = "") -> str:
    """Write a number with three digits; a dash for none.

    Example:
        >>> number(-0.12345), number(float("nan")), number(2.0, "×")
        ('−0.123', '–', '2×')
    """
    return minus(f"{value:.3g}") + unit if np.isfinite(value) else "–"


def decimals(value: float, digits: int = 2) -> str:
    """Write a number with as many digits behind the point; a dash for none.

    Example:
        >>> decimals(-0.5), decimals(float("nan"))
        ('−0.50', '–')
    """
    return minus(f"{value:.{digits}f}") if np.isfinite(value) else "–"


def percent_of(share: float) -> str:
    """Write a share in percent; a dash for none.

    Example:
        >>> percent_of(0.125), percent_of(float("nan"))
        ('12.5%', '–')
    """
    return f"{share:.1%}" if np.isfinite(share) else "–"


def groups_table(history: History) -> str:
    """Write a line for each group: its weight, its size, its share of the weighted loss, its usual tasks."""
    homes, order = history.main_groups, task_order(history)
    scaled = np.abs(np.nan_to_num(history.scaled))
    rows = []
    for rank in range(history.num_groups):
        member = history.groups == rank
        weight = float(known_mean(history.weights[member]))
        share = scaled[member].sum() / (scaled.sum() or 1.0)
        tasks = [history.tasks[task] for task in order if homes[task] == rank]
        size = f"{member.sum() / max(len(member), 1):.1f}"
        rows.append([f"group {rank}", _some(tasks), number(weight, "×"), size, f"{share:.0%}"])
    head = ["group", "tasks that are mostly here", "mean weight", "tasks in it, mean", "share of weighted loss"]
    return table("Groups", head, rows)


def clusters_table(history: History) -> str:
    """Write a line for each set of tasks that share a group in at least 90% of steps, the largest first."""
    found = sorted(clusters(history), key=lambda cluster: -len(cluster.tasks))
    joined = [cluster for cluster in found if len(cluster.tasks) > 1]
    rows = [
        [counted(len(one.tasks), "task"), f"{one.share:.0%}", _some([history.tasks[i] for i in one.tasks])]
        for one in joined
    ]
    alone = [history.tasks[cluster.tasks[0]] for cluster in found if len(cluster.tasks) == 1]
    rows += [[counted(len(alone), "task"), "–", f"each on its own: {_some(alone)}"]] if alone else []
    return table("Tasks that travel together", ["set", "steps in one group", "tasks"], rows)


def tasks_table(history: History) -> str:
    """Write a line for each task, in the order of the pictures."""
    found = task_facts(history)
    columns = [
        found["task"],
        [number(weight, "×") for weight in found["mean weight"]],
        [number(share, "×") for share in found["recent share"]],
        [number(loss) for loss in found["first loss"]],
        [number(loss) for loss in found["last loss"]],
    ]
    head = ["task", "mean weight", "recent share, 1× is even", "first loss", "last loss"]
    if history.grouped:
        head += ["main group (share of steps)", "moves per step"]
        homes = zip(found["main group"], found["share of steps in it"], strict=True)
        columns.append([f"{home} ({share:.0%})" if home >= 0 else "–" for home, share in homes])
        columns.append([percent_of(moves) for moves in found["moves per step"]])
    return table("Tasks", head, list(zip(*columns, strict=True)), found["task"])


def metrics_table(history: History) -> str:
    """Write a line for each metric that delta_m compares."""
    best, last, epochs = history.best_changes, history.validations.changes[-1], history.convergence_epochs
    if len(epochs) != len(history.metrics):
        epochs = np.full(len(history.metrics), np.nan)
    when = np.where(epochs > 0, epochs, np.nan)
    rows = [
        [name, number(best[i], "%"), number(last[i], "%"), number(when[i])] for i, name in enumerate(history.metrics)
    ]
    head = ["metric", "change against STL, best epoch", "change, last epoch", "converged in epoch"]
    return table("Metrics", head, rows, list(history.metrics))


def _some(names: list[str]) -> str:
    return first_of(names, _NAMED) or "–"
