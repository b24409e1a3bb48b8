"""When each task converges (Fig. 2 of the paper)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lightning_go4align.history import History
from lightning_go4align.plots.checks import check_scores
from lightning_go4align.plots.extremes import ROWS, extremes
from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.style import HALF, canvas, colour, count_axis, picture


@picture
def convergence(history: History) -> Figure:
    """Show the epoch in which each metric converges; their spread is the convergence difference.

    Args:
        history: A run with at least one scored epoch.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(convergence(example_history()).axes)
        1
    """
    check_scores(history)
    names = list(history.metrics)
    figure, axes = canvas(
        HALF, max(0.6, min(len(names), ROWS) * 0.16) + 0.75, left=margin(names), right=0.8, top=0.35, bottom=0.35
    )
    draw_spread(axes, history.convergence_epochs, names)
    count_axis(axes, "epoch", max(float(history.validations.epochs[-1]), axes.get_xlim()[1]))
    return figure


def draw_spread(axes: Axes, epochs: ArrayLike, names: Sequence[str]) -> None:
    """Draw a dot for each metric, of many the first and the last, and the mean and the standard deviation of all.

    Metrics without an epoch are left out.

    Args:
        axes: Where to draw.
        epochs: Epochs of convergence, shape ``[S]``; 0 for none.
        names: Names of the metrics.

    Example:
        >>> figure, axes = canvas(2, 2)
        >>> draw_spread(axes, [3, 5], ["depth", "normal"])
        >>> axes.texts[0].get_text()
        'mean 4.0 ± 1.0 epochs'
    """
    every = np.asarray(epochs, dtype=float)
    known = np.flatnonzero(every > 0)
    values, names = every[known], [names[index] for index in known.tolist()]
    if not names:
        axes.set_axis_off()
        axes.set_title("no metric has a value", color=colour("muted"))
        return
    order = extremes(values)
    mean, deviation = values.mean(), values.std()
    axes.axvspan(mean - deviation, mean + deviation, color=colour("accent"), alpha=0.1)
    axes.axvline(mean, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    axes.hlines(range(len(order)), 0, values[order], colors=colour("line"), linewidth=0.8)
    axes.scatter(values[order], range(len(order)), s=22, color=colour("accent"), zorder=3)
    axes.set_yticks(range(len(order)), shorten([names[index] for index in order]), parse_math=False)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlim(0, values.max() * 1.02 + 0.5)
    axes.grid(visible=False)
    spread = f"mean {mean:.1f} ± {deviation:.1f} epochs"
    coordinates = ("data", "axes fraction")
    axes.annotate(spread, (mean, 1), (0, 4), coordinates, "offset points", ha="center", color=colour("muted"))
