"""The figures of the report, with the words beside them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.shares import drift, risk_shares


class ReportFigure(NamedTuple):
    """A figure to show.

    Args:
        title: Its heading.
        caption: How to read it, in a sentence or two.
        draw: What draws it.
        rows: How many figures fit beside it.
    """

    title: str
    caption: str
    draw: Callable[[History], Figure]
    rows: int = 1


def figures(history: History) -> list[ReportFigure]:
    """Choose the figures of a run: those that it has something to show in.

    Args:
        history: The run.

    Example:
        >>> [figure.title for figure in figures(History.empty(["depth"]))]
        []
    """
    return [*_of_steps(history), *_of_groups(history), *_of_validations(history)]


def _of_steps(history: History) -> list[ReportFigure]:
    found: list[ReportFigure] = []
    if history.grouped:
        found.append(ReportFigure("Which tasks travel together", _ASSIGNMENT, plots.assignment))
    if len(history.steps):
        found.append(ReportFigure("Weight of every task", _WEIGHTS, plots.weights))
    if np.isfinite(history.indicators).any():
        found.append(ReportFigure("Group indicators γ = P ⊙ Q", _INDICATORS, plots.indicators))
    return found + _of_risks(history)


def _of_risks(history: History) -> list[ReportFigure]:
    if not np.isfinite(history.losses).any():
        return []
    before, after = risk_shares(history.losses), risk_shares(history.losses * history.weights)
    caption = f"Each task's share of the summed loss. {_varies(before)}"
    found = [ReportFigure("Risk shares before scaling", caption, plots.risks_before)]
    if not np.allclose(before, after, equal_nan=True):
        caption = f"The same, weighted; steady means aligned. {_varies(after)}"
        found.append(ReportFigure("Risk shares after scaling", caption, plots.risks_after))
    return found


def _of_groups(history: History) -> list[ReportFigure]:
    if not history.grouped:
        return []
    found: list[ReportFigure] = []
    if history.windows.transitions.any():
        found.append(ReportFigure("Stability", "Agreement of the groups with the step before.", plots.stability))
        found.append(ReportFigure("Moves per step", "Tasks that change group.", plots.moves))
        found.append(ReportFigure("Group sizes", "Tasks in each group, lightest at the bottom.", plots.group_sizes))
    if len(history.tasks) > 1:
        rows = 2 if history.validations.scored and history.metrics else 1
        found.append(ReportFigure("Co-assignment", _CO_ASSIGNMENT, plots.co_assignment, rows))
    return found


def _of_validations(history: History) -> list[ReportFigure]:
    if not history.validations.scored:
        return []
    found = [ReportFigure("∆m", _DELTA_M, plots.delta_m)]
    if history.metrics:
        found.append(ReportFigure("Per metric at the best epoch", _DELTAS, plots.deltas))
    if len(history.convergence_epochs) and len(history.validations) > 1:
        found.append(ReportFigure("When each task converges", _CONVERGENCE, plots.convergence))
    return found


def _varies(shares: NDArray[np.float64]) -> str:
    size = drift(shares)
    return f"On average a share varies by {size:.0%} of itself." if np.isfinite(size) else ""


_ASSIGNMENT = (
    "One row per task, one column per training step. Colour is the group, ranked by its weight: dark groups are "
    "held back, bright groups are pushed; beside each, its mean weight. Rows are ordered by how often tasks share a "
    "group; stripes are tasks that flicker between groups. On the right, the share of steps in a task's main group."
)
_WEIGHTS = "Averaged over short windows; 1× is an unweighted sum. Tasks in one group share a line."
_INDICATORS = (
    "What the clustering sees: how small a task's loss is beside the others (P) and has been so far (Q). Rows of "
    "equal colour end in the same group; a row that crosses its neighbours is about to change group."
)
_CO_ASSIGNMENT = "Percentage of steps in which two tasks shared a group, ordered and joined by average linkage."
_DELTA_M = "Mean relative change against single-task networks (STL); lower is better, below 0 beats them."
_DELTAS = "Relative change against its single-task network; red is worse, green is better."
_CONVERGENCE = (
    "Epoch in which a metric last improved by more than 1%. The spread is the convergence difference of Fig. 2: "
    "smaller means better aligned."
)
