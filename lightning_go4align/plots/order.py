"""The order of tasks in every picture: tasks that travel together stand together."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from lightning_go4align.history import History


class Join(NamedTuple):
    """Two branches of the dendrogram that meet.

    Args:
        positions: Places of the two branches on the axis of tasks.
        distances: Distances at which each was formed, from 0 to 1; 0 for a task.
        distance: Distance at which they meet: the share of steps that they spend apart.
    """

    positions: tuple[float, float]
    distances: tuple[float, float]
    distance: float


def linkage_order(
    shares: NDArray[np.float64], heights: NDArray[np.float64], at_most: int | None = None
) -> tuple[list[int], list[Join]]:
    """Order tasks by average linkage of their co-assignment, the heavier branch first.

    Args:
        shares: Share of steps in which two tasks shared a group, shape ``[M, M]``, from 0 to 1, symmetric.
        heights: What is large for tasks that should come first, shape ``[M]``.
        at_most: How many tasks to keep; of more there is every n-th, in the same order. All if not given.

    Returns:
        The tasks in order, and the joins of the dendrogram in that order.

    Example:
        >>> shares = np.array([[1, 0, 0.9], [0, 1, 0], [0.9, 0, 1]])
        >>> order, joins = linkage_order(shares, np.array([0.1, 5.0, 0.2]))
        >>> order
        [1, 2, 0]
    """
    if len(shares) == 1:
        return [0], []
    distances = np.array(1 - (shares + shares.T) / 2)
    np.fill_diagonal(distances, 0)
    rows = linkage(squareform(distances), method="average")
    order = _leaves(rows, np.nan_to_num(heights))
    shown = every_nth(order, at_most or len(order))
    return shown, _joins(rows, shown)


def task_order(history: History) -> list[int]:
    """Order the tasks of a run.

    Args:
        history: The run.

    Returns:
        The tasks, those pushed hardest first.

    Example:
        >>> task_order(History.empty(["depth", "normal"]))
        [0, 1]
    """
    return linkage_order(history.shares, history.mean_weights)[0]


def every_nth(order: list[int], at_most: int) -> list[int]:
    """Thin an order, so that tasks that travel together stay in proportion.

    Example:
        >>> every_nth([4, 0, 1, 3, 2], at_most=3)
        [4, 1, 2]
    """
    return order[:: math.ceil(len(order) / at_most)]


def _leaves(rows: NDArray[np.float64], heights: NDArray[np.float64]) -> list[int]:
    """Tasks below the root; node by node, for a tree of M tasks may be M deep, which Python's stack does not hold."""
    tasks = [[task] for task in range(len(heights))]
    for left, right in rows[:, :2].astype(int):
        first, second = sorted((tasks[left], tasks[right]), key=lambda branch: -heights[branch].mean())
        tasks.append(first + second)
    return tasks[-1]


def _joins(rows: NDArray[np.float64], shown: list[int]) -> list[Join]:
    """Joins of the branches that hold a shown task: where only one of two does, it goes on as it was."""
    joins: list[Join] = []
    places = {task: place for place, task in enumerate(shown)}
    ends = [(float(places[task]), 0.0) if task in places else None for task in range(len(rows) + 1)]
    for left, right, distance in zip(*rows[:, :2].astype(int).T.tolist(), rows[:, 2].tolist(), strict=True):
        one, other = ends[left], ends[right]
        if one and other:
            joins.append(Join((one[0], other[0]), (one[1], other[1]), distance))
            ends.append(((one[0] + other[0]) / 2, distance))
        else:
            ends.append(one or other)
    return joins
