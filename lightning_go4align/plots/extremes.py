"""Rows for the lowest and the highest of many values."""

import numpy as np
from numpy.typing import NDArray

ROWS = 44  # a page of A4


def extremes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place values in ascending order; of more than 44 only the 22 lowest and the 22 highest.

    Example:
        >>> extremes(np.array([3.0, 1.0, 2.0])).tolist()
        [1, 2, 0]
    """
    order = np.argsort(values, kind="stable")
    return order if len(order) <= ROWS else np.concatenate([order[: ROWS // 2], order[-ROWS // 2 :]])
