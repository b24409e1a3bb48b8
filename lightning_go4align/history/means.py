"""The mean of what is known, the one kind of mean that tables, pictures and loggers have of weights and losses."""

import numpy as np
from numpy.typing import NDArray


def known_mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average values over steps, or over tasks.

    The mean is arithmetic. That of a task's weight over the steps is then what its gradient was multiplied by all in
    all: a task drawn at random in one of ``M`` steps, with the weight ``M``, has 1, as in an unweighted sum.

    Args:
        values: Values, shape ``[R, ...]``; a 0 counts, what is not finite does not.

    Returns:
        Means, shape ``[...]``; NaN where none is finite.

    Example:
        >>> known_mean(np.array([[4.0, 0.0, -1.0], [0.0, np.nan, 3.0], [np.inf, np.nan, 1.0]]))
        array([2., 0., 1.])
    """
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0).sum(0, dtype=float), known.sum(0)
    return np.asarray(np.where(counts, sums / np.maximum(counts, 1), np.nan))
