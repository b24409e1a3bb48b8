"""Pictures of metrics, as torchmetrics' ``.plot()`` returns them: a figure, or None when axes are given."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lightning_go4align.plots.bars import draw_ranks
from lightning_go4align.plots.checks import check_some
from lightning_go4align.plots.co_assignment import draw_shares, left_margin
from lightning_go4align.plots.colours import task_colours
from lightning_go4align.plots.convergence import draw_spread
from lightning_go4align.plots.delta import draw_bars, draw_curve
from lightning_go4align.plots.extremes import ROWS
from lightning_go4align.plots.labels import end_labels
from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.order import linkage_order
from lightning_go4align.plots.points import draw_line
from lightning_go4align.plots.style import ROW, canvas, colour, count_axis, style

Plot = tuple[Figure | None, Axes]
_A_RESULT = ("one result of `compute`", "Give some in `val`, or leave it out.")


def plot_score(values: Sequence[float], axes: Axes | None) -> Plot:
    """Plot delta_m by epoch.

    Raises:
        ValueError: If there is no value.

    Example:
        >>> figure, axes = plot_score([30.0, 2.0], None)
    """
    check_some(values, *_A_RESULT)
    with style("light"):
        figure, axes = _axes(axes, 4.5, 2.5, left=0.6, right=0.8)
        draw_curve(axes, values)
        count_axis(axes, "epoch", axes.get_xlim()[1])
    return figure, axes


def plot_changes(changes: ArrayLike, names: Sequence[str], axes: Axes | None) -> Plot:
    """Plot relative changes as bars.

    Example:
        >>> figure, axes = plot_changes([30.0, -2.0], ["depth", "normal"], None)
    """
    with style("light"):
        figure, axes = _axes(axes, 4.5, 0.3 + ROW * len(names), left=margin(names))
        draw_bars(axes, changes, names)
    return figure, axes


def plot_ranks(ranks: ArrayLike, methods: Sequence[str], axes: Axes | None) -> Plot:
    """Plot mean ranks as bars, the best on top.

    Example:
        >>> figure, axes = plot_ranks([2.0, 1.0], ["LS", "GO4Align"], None)
    """
    with style("light"):
        figure, axes = _axes(axes, 4.5, 0.3 + ROW * len(methods), left=margin(methods), right=0.1)
        draw_ranks(axes, ranks, methods)
    return figure, axes


def plot_shares(shares: NDArray[np.float64], names: Sequence[str], axes: Axes | None) -> Plot:
    """Plot a co-assignment matrix, tasks that travel together side by side.

    Example:
        >>> figure, axes = plot_shares(np.eye(2), ["depth", "normal"], None)
    """
    shares = np.atleast_2d(shares)
    order, _ = linkage_order(shares, -np.arange(len(names), dtype=float))
    ordered = shorten([names[task] for task in order], 16)
    size, left, top = min(max(1.2, 0.3 * len(names)), 12.0), left_margin(ordered), margin(ordered)
    with style("light"):
        figure, axes = _axes(axes, size + left + 0.2, size + top + 0.1, left=left, right=0.2, top=top, bottom=0.1)
        draw_shares(axes, shares[np.ix_(order, order)], ordered)
    return figure, axes


def plot_spread(epochs: Sequence[float], names: Sequence[str], axes: Axes | None) -> Plot:
    """Plot when each metric converges.

    Example:
        >>> figure, axes = plot_spread([3.0, 5.0], ["depth", "normal"], None)
    """
    with style("light"):
        figure, axes = _axes(axes, 4.5, 0.7 + ROW * min(len(names), ROWS), left=margin(names), right=0.8, top=0.35)
        draw_spread(axes, epochs, names)
        count_axis(axes, "epoch", axes.get_xlim()[1])
    return figure, axes


def plot_lines(values: ArrayLike, names: Sequence[str], axes: Axes | None) -> Plot:
    """Plot curves over updates, named at their ends.

    Args:
        values: Values, shape ``[T, N]``, or ``[T]`` of one curve.
        names: Names of the ``N`` curves.
        axes: Where to draw; a new figure if None.

    Raises:
        ValueError: If there is no value.

    Example:
        >>> figure, axes = plot_lines([[1.0, 2.0], [2.0, 3.0]], ["LS", "GO4Align"], None)
    """
    curves = np.asarray(values, dtype=float).reshape(-1, len(names))
    check_some(curves, *_A_RESULT)
    with style("light"):
        figure, axes = _axes(axes, 4.5, 2.5, left=0.6, right=margin(names) + 0.3)
        colours = task_colours(len(names)) if len(names) > 1 else [colour("accent")]
        for curve, rgb in zip(curves.T, colours, strict=True):
            draw_line(axes, np.arange(1, len(curve) + 1), curve, size=4, color=rgb)
        count_axis(axes, "update", max(len(curves), 1.5))
        end_labels(axes, curves[-1], names, list(colours))
    return figure, axes


def _axes(axes: Axes | None, width: float, height: float, **margins: float) -> tuple[Figure | None, Axes]:
    return canvas(width, height, **margins) if axes is None else (None, axes)
