"""Whom a picture over steps draws: each task while they can be told apart, then each group."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History, known_mean
from lightning_go4align.plots.colours import group_inks, task_colours
from lightning_go4align.plots.order import task_order

TASKS_UP_TO = 16
_BANDS = 10


class Lines(NamedTuple):
    """Lines of a picture: tasks, or sets of tasks.

    Args:
        names: Their names.
        colours: Their colours, shape ``[N, 3]``.
        member: The line to which each task belongs in each sampled step, shape ``[R, M]``; -1 for none.
        tasks: The task of each line, or none where a line is a set of tasks.
    """

    names: list[str]
    colours: NDArray[np.float64]
    member: NDArray[np.int64]
    tasks: list[int]

    def means(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Average over the tasks of each line: values, shape ``[R, M]``, to means, shape ``[R, N]``."""
        if self.tasks:
            return np.asarray(values[:, self.tasks], dtype=float)
        each = [known_mean(np.where(self.member == line, values, np.nan).T) for line in range(len(self.names))]
        return np.stack(each, axis=1)

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Add up over the tasks of each line: values, shape ``[R, M]``, to sums, shape ``[R, N]``."""
        if self.tasks:
            return np.asarray(values[:, self.tasks], dtype=float)
        each = [np.where(self.member == line, values, 0).sum(1) for line in range(len(self.names))]
        return np.stack(each, axis=1)


def lines(history: History) -> Lines:
    """Choose the lines of a run: up to 16 tasks, else its groups, or where there are none ten bands of equal size.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> lines(example_history()).names
        ['normal', 'edges', 'depth', 'segmentation']
    """
    order = task_order(history)
    if len(order) <= TASKS_UP_TO:
        member = np.broadcast_to(np.argsort(order), history.groups.shape)
        return Lines([history.tasks[task] for task in order], task_colours(len(order)), member, order)
    if history.grouped:
        ranks = range(history.num_groups)
        names = [f"group {rank}" for rank in ranks]
        return Lines(names, group_inks(len(ranks)), history.groups.astype(np.int64), [])
    return _bands(history)


def _bands(history: History) -> Lines:
    """Ten sets of tasks by their mean weight, the lightest first."""
    positions = np.argsort(np.argsort(np.nan_to_num(history.mean_weights), kind="stable"), kind="stable")
    member = np.broadcast_to(positions * _BANDS // len(positions), history.groups.shape)
    names = [f"{10 * band}–{10 * band + 10}% by weight" for band in range(_BANDS)]
    return Lines(names, group_inks(_BANDS), member, [])
