"""When each task converges (Fig. 2 of the paper)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lightning_go4align.history import History
from lightning_go4align.plots.style import WIDE, canvas, colour, count_axis, margin, picture, short, task_colours


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
    names = list(history.metrics)
    figure, axes = canvas(
        WIDE, max(0.6, len(names) * 0.16) + 0.75, left=margin(names), right=0.8, top=0.35, bottom=0.35
    )
    draw_spread(axes, history.epochs, names)
    count_axis(axes, "epoch", max(float(history.scores[-1, 0]), axes.get_xlim()[1]))
    return figure


def draw_spread(axes: Axes, epochs: ArrayLike, names: Sequence[str]) -> None:
    """Draw a dot for each metric, and the mean and the standard deviation of all.

    Args:
        axes: Where to draw.
        epochs: Epochs of convergence, shape ``[S]``.
        names: Names of the metrics.

    Example:
        >>> figure, axes = canvas(2, 2)
        >>> draw_spread(axes, [3, 5], ["depth", "normal"])
        >>> axes.texts[0].get_text()
        'mean 4.0 ± 1.0 epochs'
    """
    values = np.asarray(epochs, dtype=float)
    order = np.argsort(values, kind="stable")
    mean, deviation = values.mean(), values.std()
    axes.axvspan(mean - deviation, mean + deviation, color=colour("accent"), alpha=0.1)
    axes.axvline(mean, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    axes.hlines(range(len(order)), 0, values[order], colors=colour("line"), linewidth=0.8)
    axes.scatter(values[order], range(len(order)), s=22, color=task_colours(len(order)), zorder=3)
    axes.set_yticks(range(len(order)), [short(names[index]) for index in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlim(0, values.max() * 1.02 + 0.5)
    axes.grid(visible=False)
    label = f"mean {mean:.1f} ± {deviation:.1f} epochs"
    place = ("data", "axes fraction")
    axes.annotate(label, (mean, 1), (0, 4), place, "offset points", ha="center", color=colour("muted"))
