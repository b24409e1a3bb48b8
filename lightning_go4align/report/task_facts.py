"""What is known of each task at the end of a run: columns of numbers, for the page and for loggers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History, known_mean
from lightning_go4align.plots.order import task_order
from lightning_go4align.report.shares import recent_shares


def task_facts(history: History) -> dict[str, list[Any]]:
    """Gather what is known of each task.

    Args:
        history: The run.

    Returns:
        Columns with an entry for each task, in the order of the pictures: its name, its mean weight, its share of the
        weighted loss in recent steps (1 is even), its mean loss in the first and the last twentieth of the recorded
        steps; means are arithmetic, of the steps in which the task is present, and a 0 counts;
        for a method that groups also its main group, the share of steps in that one, and its moves per step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> facts = task_facts(example_history())
        >>> facts["task"], facts["main group"]
        (['normal', 'edges', 'depth', 'segmentation'], [1, 1, 0, 0])
    """
    order = task_order(history)
    first, last = first_and_last_losses(history)
    columns: dict[str, NDArray[Any]] = {
        "task": np.array(history.tasks, dtype=object),
        "mean weight": history.mean_weights,
        "recent share": recent_shares(history),
        "first loss": first,
        "last loss": last,
    }
    if history.grouped:
        homes = history.main_groups
        inside = ((history.groups == homes) & (homes >= 0)).sum(0) / (history.groups >= 0).sum(0).clip(1)
        columns |= {"main group": homes, "share of steps in it": inside, "moves per step": move_rates(history)}
    return {name: column[order].tolist() for name, column in columns.items()}


def move_rates(history: History) -> NDArray[np.float64]:
    """Tell how often tasks changed group, of the steps in which they could.

    Returns:
        Shares, shape ``[M]``; NaN for a task that was never grouped in two steps one after the other.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> move_rates(example_history()).round(3).tolist()
        [0.0, 0.034, 0.0, 0.0]
    """
    could = history.task_transitions
    return np.where(could > 0, history.task_moves / np.maximum(could, 1), np.nan)


def first_and_last_losses(history: History) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average each task's loss over the first and over the last twentieth of the recorded steps.

    Returns:
        Means of the finite losses, shape ``[M]`` each; NaN for a task that has none in these steps.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> [means.round(2).tolist() for means in first_and_last_losses(example_history())]
        [[3.97, 3.97, 1.32, 1.32], [2.03, 2.03, 0.68, 0.68]]
    """
    losses, count = history.losses, max(1, len(history.losses) // 20)
    return known_mean(losses[:count]), known_mean(losses[-count:])
