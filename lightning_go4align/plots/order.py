"""The order of tasks in every picture: tasks that travel together stand together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import ClusterNode, linkage, to_tree
from scipy.spatial.distance import squareform

from lightning_go4align.history import History


class Join(NamedTuple):
    """Two branches of the dendrogram that meet.

    Args:
        places: Places of the two branches on the axis of tasks.
        distances: Distances at which each was formed, from 0 to 1; 0 for a task.
        distance: Distance at which they meet: the share of steps that they spend apart.
    """

    places: tuple[float, float]
    distances: tuple[float, float]
    distance: float


def travel_order(shares: NDArray[np.float64], heights: NDArray[np.float64]) -> tuple[list[int], list[Join]]:
    """Order tasks by average linkage of their co-assignment, the heavier branch first.

    Args:
        shares: Share of steps in which two tasks shared a group, shape ``[M, M]``, from 0 to 1, symmetric.
        heights: What is large for tasks that should come first, shape ``[M]``.

    Returns:
        The tasks in order, and the joins of the dendrogram in that order.

    Example:
        >>> shares = np.array([[1, 0, 0.9], [0, 1, 0], [0.9, 0, 1]])
        >>> order, joins = travel_order(shares, np.array([0.1, 5.0, 0.2]))
        >>> order
        [1, 2, 0]
    """
    if len(shares) == 1:
        return [0], []
    distances = np.array(1 - (shares + shares.T) / 2)
    np.fill_diagonal(distances, 0)
    root = to_tree(linkage(squareform(distances), method="average"))
    order = _leaves(root, np.nan_to_num(heights))
    joins: list[Join] = []
    _join(root, {task: place for place, task in enumerate(order)}, joins)
    return order, joins


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
    return travel_order(history.shares, mean_weights(history))[0]


def mean_weights(history: History) -> NDArray[np.float64]:
    """Average each task's weight over the steps in which it is present, shape ``[M]``; NaN if never."""
    present = np.isfinite(history.losses) & np.isfinite(history.weights)
    total = np.where(present, history.weights, 0).sum(0, dtype=float)
    return np.asarray(np.where(present.any(0), total / present.sum(0).clip(1), np.nan))


def _leaves(node: ClusterNode, heights: NDArray[np.float64]) -> list[int]:
    """Tasks below a node; the tree of M tasks is at most M deep, which Python's stack holds for any real M."""
    if node.is_leaf():
        return [node.id]
    branches = sorted((node.left, node.right), key=lambda branch: -heights[branch.pre_order()].mean())
    return [task for branch in branches for task in _leaves(branch, heights)]


def _join(node: ClusterNode, places: dict[int, int], joins: list[Join]) -> float:
    if node.is_leaf():
        return places[node.id]
    left, right = (_join(branch, places, joins) for branch in (node.left, node.right))
    joins.append(Join((left, right), (node.left.dist, node.right.dist), node.dist))
    return (left + right) / 2
