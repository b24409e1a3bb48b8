"""What each figure shows, in a sentence, for those who do not see it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plots.lines import Lines, lines
from lightning_go4align.plots.order import task_order
from lightning_go4align.plots.shares import drift, risk_shares
from lightning_go4align.plots.windows import last_finite
from lightning_go4align.report.facts import percent
from lightning_go4align.report.tables import number


def of_assignment(history: History) -> str:
    """Say in which group each task ends."""
    ends = [f"{history.tasks[task]} in group {history.last[task]}" for task in task_order(history)]
    return (
        f"Heat map of the group of {len(history.tasks)} tasks over {history.total:,} steps. At the end: {_few(ends)}."
    )


def of_weights(history: History) -> str:
    """Say where the weights end."""
    drawn = lines(history)
    return f"Lines of {_kind(drawn)} weights over {history.total:,} steps. {_ends(drawn, history.weighed, '×')}"


def of_losses(history: History) -> str:
    """Say where the losses end."""
    drawn = lines(history)
    return f"Lines of {_kind(drawn)} losses over {history.total:,} steps. {_ends(drawn, history.losses, '')}"


def of_indicators(history: History) -> str:
    """Say how far the indicators lie apart."""
    positive = history.indicators[np.isfinite(history.indicators) & (history.indicators > 0)]
    span = f"from {number(positive.min())} to {number(positive.max())}" if positive.size else "none above 0"
    return f"Heat map of the group indicators of {len(history.tasks)} tasks over {history.total:,} steps: {span}."


def of_shares(history: History, risks: NDArray[np.floating]) -> str:
    """Say who has the largest share at the end, and how much shares vary."""
    shares = risk_shares(risks)
    last = np.nan_to_num(last_finite(shares))
    order = [f"{history.tasks[task]} {last[task]:.0%}" for task in np.argsort(-last, kind="stable")]
    return f"Stacked areas of each task's share of the loss. At the end: {_few(order)}. {varies(shares)}"


def varies(shares: NDArray[np.float64]) -> str:
    """Say by how much of itself a share varies, on average."""
    size = drift(shares)
    return f"On average a share varies by {size:.0%} of itself." if np.isfinite(size) else ""


def of_stability(history: History) -> str:
    """Say how well groups of neighbouring steps agree."""
    means = history.windows.total().means()
    if not np.isfinite(means.rand):
        return "No two tasks are in groups in one step and the next: there is nothing to compare."
    indices = f"{float(means.rand):.3f}, adjusted for chance {number(float(means.adjusted_rand))}"
    return f"Lines of the Rand index between the groups of one step and the next. Its mean is {indices}."


def of_moves(history: History) -> str:
    """Say how many tasks change group."""
    means = history.windows.means().moves
    most = float(np.nanmax(means, initial=0))
    return f"Bars of the tasks that change group per step, averaged over windows: at most {number(most)}."


def of_group_sizes(history: History) -> str:
    """Say how many tasks each group holds at the end."""
    sizes = [f"group {rank} holds {(history.last == rank).sum()}" for rank in range(history.num_groups)]
    return f"Stacked areas of the number of tasks in each group. At the end {_few(sizes)}."


def of_co_assignment(history: History) -> str:
    """Say which pairs are together most."""
    rows, columns = np.triu_indices(len(history.tasks), 1)
    shares = history.shares[rows, columns]
    closest = [
        f"{history.tasks[rows[i]]} and {history.tasks[columns[i]]} {shares[i]:.0%}"
        for i in np.argsort(-shares, kind="stable")[:8]
    ]
    return f"Matrix of the share of steps in which two tasks share a group, with a tree. Closest: {_few(closest)}."


def of_delta_m(history: History) -> str:
    """Say how delta_m begins, ends and is best."""
    found = history.validations
    known = found.delta_m[np.isfinite(found.delta_m)]
    ends = f"from {percent(known[0], 1)} to {percent(known[-1], 1)}"
    best = f"best {percent(known.min(), 1)} in epoch {round(float(found.epochs[found.best]), 2):g}"
    return f"Line of ∆m over {len(found)} validations, {ends}; {best}. Below 0 beats single-task networks."


def of_deltas(history: History) -> str:
    """Say which metrics gained and lost most."""
    changes = history.best_changes
    order = [i for i in np.argsort(changes, kind="stable") if np.isfinite(changes[i])]
    named = [f"{history.metrics[i]} {percent(changes[i], 1)}" for i in order]
    return f"Bars of each metric's change against its single-task network. From best to worst: {_few(named)}."


def of_convergence(history: History) -> str:
    """Say when metrics converge."""
    epochs = history.convergence_epochs[history.convergence_epochs > 0]
    spread = f"mean {epochs.mean():.1f}, standard deviation {epochs.std():.1f}"
    ends = f"from {epochs.min():g} to {epochs.max():g}"
    return f"Dots at the epochs in which {len(epochs)} metrics converge: {spread}, {ends}."


def _kind(drawn: Lines) -> str:
    return f"the {len(drawn.tasks)} tasks'" if drawn.tasks else f"the {len(drawn.names)} groups'"


def _ends(drawn: Lines, values: NDArray[np.float32], unit: str) -> str:
    last = last_finite(drawn.means(values))
    ends = [f"{drawn.names[i]} {number(last[i], unit)}" for i in np.argsort(-np.nan_to_num(last), kind="stable")]
    return f"At the end: {_few(ends)}."


def _few(items: Sequence[str]) -> str:
    """All of few, of many the first and the last."""
    if len(items) <= 8:
        return ", ".join(items)
    return f"{', '.join(items[:4])}, {len(items) - 8} between, {', '.join(items[-4:])}"
