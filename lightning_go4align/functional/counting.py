"""Pairs of tasks over many steps at once, on the host, where the number of groups can be read.

In NumPy: the arrays are small, and its calls cost a fraction of torch's.
"""

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.functional.rand_index import rand_of_pairs


def members(groups: NDArray[np.int64]) -> NDArray[np.float32]:
    """Spread groups into ones and zeros.

    Args:
        groups: Groups of the tasks, shape ``[T, M]``; -1 for none.

    Returns:
        Who is in which group, shape ``[T, K, M]``, ``K`` being the groups in use in any step.

    Example:
        >>> members(np.array([[0, 1, -1]]))
        array([[[1., 0., 0.],
                [0., 1., 0.]]], dtype=float32)
    """
    return np.asarray(groups[:, None] == np.arange(groups.max() + 1)[:, None], dtype=np.float32)


def count_pairs(found: NDArray[np.float32]) -> NDArray[np.int64]:
    """Count the steps in which two tasks share a group.

    Args:
        found: Who is in which group, shape ``[T, K, M]``.

    Returns:
        Counts, shape ``[M, M]``.

    Example:
        >>> count_pairs(members(np.array([[0, 0], [0, 1]])))
        array([[2, 1],
               [1, 2]])
    """
    rows = found.reshape(-1, found.shape[-1])
    return (rows.T @ rows).astype(np.int64)  # exact: float32 counts to 16 million


def rand_indices_between(before: NDArray[np.int64], now: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compare groupings through their contingency tables: :math:`O(K^2)` numbers per step and not :math:`O(M^2)`.

    Args:
        before: Groups of the tasks in the step before, shape ``[T, M]``; -1 for none.
        now: Groups of the tasks, shape ``[T, M]``.

    Returns:
        Rand and adjusted Rand index over the tasks in both, shape ``[T, 2]``, as
        ``functional.agreement.rand_indices`` has them.

    Example:
        >>> rand_indices_between(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 1, 2]])).round(3)
        array([[0.833, 0.571]])
    """
    steps, size = len(now), int(max(before.max(initial=-1), now.max(initial=-1))) + 1
    cells = (np.arange(steps)[:, None] * size + before) * size + now
    seen = np.bincount(cells[(before >= 0) & (now >= 0)], minlength=steps * size**2)
    table = seen.reshape(steps, size, size).astype(np.float64)
    pairs, both = _pairs(table.sum((1, 2))), _pairs(table).sum((1, 2))
    first, second = _pairs(table.sum(2)).sum(1), _pairs(table.sum(1)).sum(1)
    with np.errstate(invalid="ignore"):
        return np.stack(rand_of_pairs(pairs, both, first, second), axis=1)


def _pairs(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return size * (size - 1) / 2
