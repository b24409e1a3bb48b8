"""Averages of sampled steps over short windows."""

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History

_POINTS = 160


def window_means(history: History, values: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average the sampled steps over at most 160 windows of equal length.

    Args:
        history: The run.
        values: Values at its sampled steps, shape ``[R, N]``; NaN counts for nothing.

    Returns:
        Middle of each window, shape ``[P]``, in steps; means, shape ``[P, N]``, NaN where a window has no value.

    Example:
        >>> from dataclasses import replace
        >>> history = replace(History.empty(["depth"]), steps=np.arange(320), total=320)
        >>> steps, means = window_means(history, np.arange(320.0)[:, None])
        >>> steps[:2].tolist(), means[:2, 0].tolist()
        ([1.0, 3.0], [0.5, 2.5])
    """
    count = min(_POINTS, len(values))
    edges = np.linspace(0, len(values), count + 1).round().astype(int)[:-1]
    finite = np.isfinite(values)
    counts = np.add.reduceat(finite, edges, axis=0, dtype=np.int64)
    sums = np.add.reduceat(np.where(finite, values, 0), edges, axis=0, dtype=np.float64)
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    steps = history.steps[edges]
    return (steps + np.append(steps[1:], history.total)) / 2, means


def whole_run(
    history: History, steps: NDArray[np.float64], means: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Extend windows to both ends of the run, so that areas fill it.

    Args:
        history: The run.
        steps: Middle of each window, shape ``[P]``, at least one.
        means: Means, shape ``[P, N]``.

    Returns:
        Both, with the first and the last window repeated at the ends.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> steps, means = whole_run(example_history(), np.array([30.0]), np.ones((1, 2)))
        >>> steps.tolist(), means.shape
        ([0.0, 30.0, 60.0], (3, 2))
    """
    return np.array([0.0, *steps, history.total]), np.concatenate([means[:1], means, means[-1:]])


def last_finite(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find where each curve ends.

    Args:
        curves: Curves, shape ``[P, N]``.

    Returns:
        Last finite value of each, shape ``[N]``; NaN where there is none.

    Example:
        >>> last_finite(np.array([[1.0, 4.0], [2.0, np.nan]]))
        array([2., 4.])
    """
    finite = np.isfinite(curves)
    rows = len(curves) - 1 - finite[::-1].argmax(0)
    return np.asarray(curves[rows, np.arange(curves.shape[1])])
