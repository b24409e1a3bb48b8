"""Tasks that travel together: clusters of the share of steps in one group."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from lightning_go4align.history import History
from lightning_go4align.plots.order import task_order

TOGETHER = 0.9


class Cluster(NamedTuple):
    """Tasks that share a group in most steps.

    Args:
        tasks: Their indices, in the order of the pictures.
        share: Mean share of steps in which two of them share a group; 1 for a task alone.
    """

    tasks: list[int]
    share: float


def clusters(history: History) -> list[Cluster]:
    """Join tasks, by average linkage, that share a group in at least 90% of steps.

    Args:
        history: A run of a grouped method.

    Returns:
        All tasks, each in one cluster, in the order of the pictures.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> [cluster.tasks for cluster in clusters(example_history())]
        [[2, 3], [1], [0]]
    """
    order = task_order(history)
    if len(order) < 2:
        return [Cluster(order, 1.0)]
    shares = history.shares  # Divided anew each time it is asked for.
    distances = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0)
    labels = fcluster(linkage(squareform(distances), "average"), 1 - TOGETHER + 1e-9, "distance")
    found: dict[int, list[int]] = {}
    for task in order:
        found.setdefault(int(labels[task]), []).append(task)
    return [Cluster(tasks, _mean_share(shares, tasks)) for tasks in found.values()]


def _mean_share(shares: NDArray[np.float64], tasks: list[int]) -> float:
    rows, columns = np.triu_indices(len(tasks), 1)
    pairs = shares[np.ix_(tasks, tasks)][rows, columns]
    return float(pairs.mean()) if len(pairs) else 1.0
