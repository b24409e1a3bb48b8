"""Weights and losses of the tasks over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.colours import DASHES
from lightning_go4align.plots.labels import end_labels, room_beside
from lightning_go4align.plots.lines import Lines, lines
from lightning_go4align.plots.points import draw_line
from lightning_go4align.plots.style import ROW, WIDE, canvas, colour, count_axis, minus, picture
from lightning_go4align.plots.windows import last_finite, window_means


@picture
def weights(history: History) -> Figure:
    """Show each task's weight, or of many tasks each group's, averaged over short windows; 1 is an unweighted sum.

    Weights are ratios: their scale is logarithmic, and a mark at the bottom says where a weight was 0. Where a
    method gives negative weights, as gradient-oriented ones may, the scale is linear.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> weights(example_history()).axes[0].get_yscale()
        'log'
    """
    check_steps(history)
    drawn = lines(history)
    values = drawn.means(history.weighed)
    ratios = not bool((values < 0).any())
    steps, means = window_means(history, values)
    means = _of_log_scale(means) if ratios else means
    figure, axes = _axes_beside(drawn.names)
    axes.axhline(1, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    _draw_lines(axes, steps, means, drawn)
    if ratios:
        _log_scale(axes, means)
        _mark_zeros(axes, steps, window_means(history, values == 0)[1], drawn)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:g}×")))
    _finish(axes, history, means, drawn)
    return figure


@picture
def losses(history: History) -> Figure:
    """Show each task's loss, or of many tasks each group's mean, and the weighted sum that is minimised.

    The scale is logarithmic, unless a loss is negative.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> losses(example_history()).axes[0].lines[-1].get_label()
        'weighted sum'
    """
    check_steps(history)
    drawn = lines(history)
    scaled = history.scaled
    known = np.isfinite(scaled).any(1, keepdims=True)
    total = np.where(known, np.nansum(scaled, axis=1, keepdims=True), np.nan)
    values = np.concatenate([drawn.means(history.losses), total], axis=1)
    positive = not bool((values < 0).any())
    steps, means = window_means(history, values)
    means = _of_log_scale(means) if positive else means
    ink = np.array([to_rgb(colour("ink"))])
    whole = drawn._replace(names=[*drawn.names, "weighted sum"], colours=np.concatenate([drawn.colours, ink]))
    figure, axes = _axes_beside(whole.names)
    _draw_lines(axes, steps, means, whole)
    axes.lines[-1].set(linewidth=2, linestyle="-", label="weighted sum")
    if positive:
        _log_scale(axes, means)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:g}")))
    _finish(axes, history, means, whole)
    return figure


def _axes_beside(names: Sequence[str]) -> tuple[Figure, Axes]:
    height = max(2.0, len(names) * ROW * 0.8)
    return canvas(WIDE, height + 0.38, left=0.62, right=room_beside(names))


def _draw_lines(axes: Axes, steps: NDArray[np.float64], means: NDArray[np.float64], drawn: Lines) -> None:
    for index, (curve, rgb) in enumerate(zip(means.T, drawn.colours, strict=True)):
        dashes = DASHES[index % len(DASHES)] if drawn.tasks else ()
        line = draw_line(axes, steps, curve, color=tuple(rgb))
        line.set_dashes(dashes) if dashes else None


def _of_log_scale(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(means > 0, means, np.nan)


def _log_scale(axes: Axes, means: NDArray[np.float64]) -> None:
    axes.set_yscale("log")
    seen = means[np.isfinite(means)]
    ratio = seen.max(initial=0) / seen.min(initial=np.inf)
    multiples = (1, 2, 5) if ratio < 100 else (1,)
    narrow = ratio < 5  # so that 1, 2, 5 may not lie in it
    axes.yaxis.set_major_locator(MaxNLocator(4) if narrow else LogLocator(10, multiples, numticks=8))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _mark_zeros(axes: Axes, steps: NDArray[np.float64], shares: NDArray[np.float64], drawn: Lines) -> None:
    """A triangle at the bottom for each window in which a weight was 0, which a log scale cannot show."""
    for zeros, rgb in zip(shares.T > 0, drawn.colours, strict=True):
        if zeros.any():
            bottom, height = axes.get_xaxis_transform(), np.zeros(zeros.sum())
            look: dict[str, Any] = {"color": tuple(rgb), "markersize": 3.5, "clip_on": False}
            axes.plot(steps[zeros], height, "v", transform=bottom, **look)


def _finish(axes: Axes, history: History, means: NDArray[np.float64], drawn: Lines) -> None:
    axes.margins(y=0.05)
    count_axis(axes, "step", float(max(history.total, 1)))
    axes.set_xlim(left=0)
    end_labels(axes, last_finite(means), drawn.names, list(drawn.colours))
