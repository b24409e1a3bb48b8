"""Weights of the tasks over time."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.order import task_order
from lightning_go4align.plots.style import (
    ROW,
    WIDE,
    canvas,
    colour,
    count_axis,
    end_labels,
    margin,
    minus,
    picture,
    task_colours,
)

_POINTS = 160


@picture
def weights(history: History) -> Figure:
    """Show each task's weight, averaged over short windows; 1 is an unweighted sum.

    Weights are ratios: their scale is logarithmic and their mean geometric. Where a method gives a task a weight of
    0 or less, as gradient-oriented ones do, both are plain instead.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> weights(example_history()).axes[0].get_yscale()
        'log'
    """
    check_steps(history)
    order = task_order(history)
    present = np.isfinite(history.losses) & np.isfinite(history.weights)
    values = np.where(present, history.weights, np.nan)[:, order]
    ratios = bool((values[present[:, order]] > 0).all())
    steps, means = window_means(history, np.log(values) if ratios else values)
    means = np.exp(means) if ratios else means
    names, colours = [history.tasks[task] for task in order], task_colours(len(order))
    height = max(2.0, min(len(names), 60) * ROW * 0.8)
    figure, axes = canvas(WIDE, height + 0.38, left=0.55, right=margin(names) + 0.2)
    axes.axhline(1, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    for values_of_task, rgb in zip(means.T, colours, strict=True):
        axes.plot(steps, values_of_task, color=tuple(rgb), marker="o" if len(steps) == 1 else "", markersize=3)
    if ratios:
        axes.set_yscale("log")
        seen = means[np.isfinite(means)]
        narrow = seen.max(initial=0) < 5 * seen.min(initial=np.inf)  # so that 1, 2, 5 may not lie in it
        axes.yaxis.set_major_locator(MaxNLocator(4) if narrow else LogLocator(10, (1, 2, 5), numticks=8))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:g}×")))
    axes.margins(y=0.05)
    count_axis(axes, "step", float(max(history.total, 1)))
    axes.set_xlim(left=0)
    end_labels(axes, last_finite(means), names, list(colours))
    return figure


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
