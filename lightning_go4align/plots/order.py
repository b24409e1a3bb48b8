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


def linkage_order(shares: NDArray[np.float64], heights: NDArray[np.float64]) -> tuple[list[int], list[Join]]:
    """Order tasks by average linkage of their co-assignment, the heavier branch first.

    Args:
        shares: Share of steps in which two tasks shared a group, shape ``[M, M]``, from 0 to 1, symmetric.
        heights: What is large for tasks that should come first, shape ``[M]``.

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
    return order, _joins(rows, order)


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


def _joins(rows: NDArray[np.float64], order: list[int]) -> list[Join]:
    joins: list[Join] = []
    positions, distances = np.argsort(order).astype(float).tolist(), [0.0] * len(order)
    for left, right, distance in zip(*rows[:, :2].astype(int).T.tolist(), rows[:, 2].tolist(), strict=True):
        joins.append(Join((positions[left], positions[right]), (distances[left], distances[right]), distance))
        positions.append((positions[left] + positions[right]) / 2)
        distances.append(distance)
    return joins
