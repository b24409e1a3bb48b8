"""Which tasks travel together: shares of steps in one group, ordered and joined by average linkage."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.order import Join, linkage_order
from lightning_go4align.plots.style import HALF, WIDE, canvas, colour, picture

_NUMBERS_UP_TO, _LINES_UP_TO, MOST_TASKS = 16, 80, 200
_TINT = 0.6  # the strongest, on which ink is still legible, on light as on dark paper


@picture
def co_assignment(history: History) -> Figure:
    """Show how often two tasks share a group, with the dendrogram of their order; of many tasks every n-th.

    Args:
        history: A run of a grouped method.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(co_assignment(example_history()).axes)
        2
    """
    check_steps(history)
    order, joins = linkage_order(history.shares, history.mean_weights, MOST_TASKS)
    names = shorten([history.tasks[task] for task in order], 16)
    left, tree, top = left_margin(names), 0.75, 0.35 + (margin(names) - 0.2) * 0.8
    width = HALF if len(names) <= _NUMBERS_UP_TO else WIDE
    cell = min(0.42, (width - left - tree - 0.25) / len(names))
    size = cell * len(names)
    figure, axes = canvas(width, size + top + 0.1, left=left, right=width - left - size, top=top, bottom=0.1)
    draw_shares(axes, history.shares[np.ix_(order, order)], names)
    height = figure.get_figheight()
    branches = figure.add_axes(((left + size + 0.1) / width, 0.1 / height, tree / width, size / height))
    _draw_tree(branches, joins, len(names))
    return figure


def draw_shares(axes: Axes, shares: NDArray[np.float64], names: Sequence[str]) -> None:
    """Draw a matrix of shares.

    Args:
        axes: Where to draw.
        shares: Shares of steps, shape ``[M, M]``, from 0 to 1, in the order of the names.
        names: Names of the tasks.

    Example:
        >>> figure, axes = canvas(2, 2)
        >>> draw_shares(axes, np.eye(2), ["depth", "normal"])
    """
    own = np.eye(len(names), dtype=bool)
    apart = np.where(own, 0, shares)
    full = 1.0 if len(names) <= _NUMBERS_UP_TO else max(float(apart.max()), 0.01)
    tint = np.empty((*apart.shape, 4))
    tint[..., :3], tint[..., 3] = to_rgb(colour("accent")), np.where(own, 0, _TINT * (0.1 + 0.9 * apart / full))
    axes.imshow((tint * 255).round().astype(np.uint8), interpolation="none", aspect="auto")
    if len(names) <= _LINES_UP_TO:
        lines = np.arange(len(names) - 1) + 0.5
        axes.hlines(lines, -0.5, len(names) - 0.5, colors=colour("paper"), linewidth=1.5)
        axes.vlines(lines, -0.5, len(names) - 0.5, colors=colour("paper"), linewidth=1.5)
    axes.grid(visible=False)
    _name_both_axes(axes, names)
    if len(names) <= _NUMBERS_UP_TO:
        _write_numbers(axes, shares)
    else:
        muted, label = colour("muted"), f"max {full:.0%}"
        axes.annotate(label, (0, 1), (-6, 6), "axes fraction", "offset points", ha="right", color=muted, fontsize=8)


def left_margin(names: Sequence[str]) -> float:
    """Room that the names take at the left, or the note on the largest share, in inches."""
    return margin(names if len(names) <= _NUMBERS_UP_TO else [*names, "max 100%"])


def _name_both_axes(axes: Axes, names: Sequence[str]) -> None:
    every = math.ceil(len(names) * 12 / axes.get_window_extent().height)
    shown = range(0, len(names), every)
    turned = 90 if len(names) > 3 or len("".join(names)) > 12 else 0
    axes.set_xticks(shown, names[::every], rotation=turned, parse_math=False)
    axes.set_yticks(shown, names[::every], parse_math=False)
    axes.xaxis.tick_top()
    axes.tick_params(labelcolor=colour("ink"))


def _write_numbers(axes: Axes, shares: NDArray[np.float64]) -> None:
    for row, column in zip(*np.nonzero(~np.eye(len(shares), dtype=bool)), strict=True):
        share = shares[row, column]
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour("ink"), fontsize=7)


def _draw_tree(axes: Axes, joins: Sequence[Join], num_tasks: int) -> None:
    branches = [
        [(near, upper), (distance, upper), (distance, lower), (far, lower)]
        for (upper, lower), (near, far), distance in joins
    ]
    axes.add_collection(LineCollection(branches, colors=colour("quiet"), linewidths=0.9))
    axes.set(xlim=(0, 1.02), ylim=(num_tasks - 0.5, -0.5), yticks=[], xticks=[])
    axes.set_title("apart →", fontsize=8, color=colour("muted"), pad=5)
    axes.grid(visible=False)
