"""The figures of the report, with the words beside them."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.co_assignment import MOST_TASKS
from lightning_go4align.plots.extremes import ROWS
from lightning_go4align.plots.lines import TASKS_UP_TO
from lightning_go4align.plots.shares import risk_shares
from lightning_go4align.report import descriptions as say


class ReportFigure(NamedTuple):
    """A figure to show.

    Args:
        title: Its heading.
        caption: How to read it, in a sentence or two.
        draw: What draws it.
        description: What it shows, for those who do not see it.
        part: The part of the page to which it belongs.
    """

    title: str
    caption: str
    draw: Callable[[History], Figure]
    description: str
    part: str


GROUPS, WEIGHTS, SCORES = "Groups", "Weights and losses", "Scores"


def figures(history: History) -> list[ReportFigure]:
    """Choose the figures of a run: those that it has something to show in.

    Args:
        history: The run.

    Example:
        >>> [figure.title for figure in figures(History.empty(["depth"]))]
        []
    """
    return [*_of_groups(history), *_of_steps(history), *_of_validations(history)]


def _of_steps(history: History) -> list[ReportFigure]:
    found: list[ReportFigure] = []
    each = _MANY if len(history.tasks) > TASKS_UP_TO else ""
    if len(history.steps):
        weights = _WEIGHTS + each
        found.append(ReportFigure("Weights", weights, plots.weights, say.of_weights(history), WEIGHTS))
    if np.isfinite(history.losses).any():
        losses = _LOSSES + each
        found.append(ReportFigure("Losses", losses, plots.losses, say.of_losses(history), WEIGHTS))
    return found + _of_risks(history)


def _of_risks(history: History) -> list[ReportFigure]:
    if not np.isfinite(history.losses).any():
        return []
    before, after = risk_shares(history.losses), risk_shares(history.scaled)
    shown = say.of_shares(history, history.losses)
    caption = f"Each task's share of the summed loss. {say.varies(before)}"
    found = [ReportFigure("Risk shares before scaling", caption, plots.risks_before, shown, WEIGHTS)]
    if not np.allclose(before, after, equal_nan=True):
        caption, shown = (
            f"The same, weighted; steady means aligned. {say.varies(after)}",
            say.of_shares(history, history.scaled),
        )
        found.append(ReportFigure("Risk shares after scaling", caption, plots.risks_after, shown, WEIGHTS))
    return found


def _of_groups(history: History) -> list[ReportFigure]:
    if not history.grouped:
        return []
    seen = say.of_assignment(history)
    found = [ReportFigure("Which tasks travel together", _ASSIGNMENT, plots.assignment, seen, GROUPS)]
    if history.windows.transitions.any():
        found.append(ReportFigure("Stability", _STABILITY, plots.stability, say.of_stability(history), GROUPS))
        found.append(ReportFigure("Moves per step", _MOVES, plots.moves, say.of_moves(history), GROUPS))
        found.append(ReportFigure("Group sizes", _SIZES, plots.group_sizes, say.of_group_sizes(history), GROUPS))
    if np.isfinite(history.indicators).any():
        seen = say.of_indicators(history)
        found.append(ReportFigure("Group indicators γ = P ⊙ Q", _INDICATORS, plots.indicators, seen, GROUPS))
    if len(history.tasks) > 1:
        seen = say.of_co_assignment(history)
        caption = _CO_ASSIGNMENT + _each_nth(len(history.tasks))
        found.append(ReportFigure("Co-assignment", caption, plots.co_assignment, seen, GROUPS))
    return found


def _of_validations(history: History) -> list[ReportFigure]:
    if not history.validations.scored:
        return []
    found = [ReportFigure("∆m", _DELTA_M, plots.delta_m, say.of_delta_m(history), SCORES)]
    if history.metrics:
        seen = say.of_deltas(history)
        caption = _DELTAS + _ends_of(len(history.metrics))
        found.append(ReportFigure("Per metric at the best epoch", caption, plots.deltas, seen, SCORES))
    if history.convergence_epochs.any() and len(history.validations) > 1:
        seen = say.of_convergence(history)
        caption = _CONVERGENCE + _ends_of(len(history.metrics))
        found.append(ReportFigure("When each metric converges", caption, plots.convergence, seen, SCORES))
    return found


def _each_nth(tasks: int) -> str:
    """Say of how many tasks a matrix shows each."""
    every = math.ceil(tasks / MOST_TASKS)
    return f" Of {tasks:,} tasks one in {every} is shown." if every > 1 else ""


def _ends_of(metrics: int) -> str:
    """Say that of many metrics the middle is left out."""
    shown = ROWS // 2
    return f" Of {metrics:,} metrics the {shown} lowest and the {shown} highest." if metrics > ROWS else ""


_ASSIGNMENT = (
    "One row per task, one column per training step. Colour is the group, ranked by its weight: dark groups are "
    "held back, bright groups are pushed; beside each, its mean weight. Rows are ordered by how often tasks share a "
    "group; stripes are tasks that flicker between groups."
)
_WEIGHTS = (
    "A task's weight λ multiplies its loss; 1× is an unweighted sum. Means over short windows, of the steps with "
    "the task. A triangle at the bottom of a log scale marks a window with a weight of 0. "
)
_LOSSES = (
    "Means over short windows, of the steps with the task, and the weighted sum Σ λ·L, which is what GO4Align "
    "minimises. Steps of a method whose objective has further terms show their part that is linear in the losses. "
    "A mean of 0 has no place on a log scale. "
)
_MANY = "With this many tasks there is a line for each set of tasks; search for a task to see its own."
_STABILITY = (
    "How well the groups agree with those of the step before. Rand index: the share of pairs of tasks that stay "
    "together or apart. Adjusted: 0 is chance, 1 no change."
)
_MOVES = "Tasks that are in another group than in the step before."
_SIZES = "Tasks in each group, the one with the lowest weight at the bottom."
_INDICATORS = (
    "What the clustering sees: how small a task's loss is beside the others (P) and has been so far (Q). Rows of "
    "equal colour end in the same group; a row that crosses its neighbours is about to change group."
)
_CO_ASSIGNMENT = (
    "Percentage of steps in which two tasks shared a group, ordered and joined by average linkage: the tree joins "
    "first those that are least apart."
)
_DELTA_M = (
    "Mean relative change of the metrics against single-task learning (STL: a network for each task alone); lower is "
    "better, below 0 beats it."
)
_DELTAS = "Relative change against the single-task network; right and red is worse, left and green is better."
_CONVERGENCE = (
    "Epoch in which a metric last improved by more than 1%. Their standard deviation is the convergence difference "
    "(the paper's Fig. 2): smaller means that tasks are better aligned."
)
