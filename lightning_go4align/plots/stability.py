"""How long groups last, and how large they are."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lightning_go4align.history import History, Transitions
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.colours import group_colours
from lightning_go4align.plots.labels import end_labels
from lightning_go4align.plots.points import draw_line
from lightning_go4align.plots.style import THIRD, canvas, colour, count_axis, picture
from lightning_go4align.plots.windows import last_finite, whole_run, window_means

_HEIGHT, _POINTS = 1.75, 120


@picture
def stability(history: History) -> Figure:
    """Show the agreement of the groups with those of the step before: Rand and adjusted Rand index.

    Args:
        history: A run of a grouped method.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(stability(example_history()).axes[0].lines)
        2
    """
    steps, means = window_series(history)
    indices = np.stack([means.rand, means.adjusted_rand], axis=1)
    figure, axes = canvas(THIRD, _HEIGHT, left=0.42, right=0.75)
    draw_line(axes, steps, means.adjusted_rand, color=colour("quiet"), linewidth=0.8).set_linestyle("--")
    draw_line(axes, steps, means.rand, color=colour("accent"))
    low = float(np.nanmin(indices, initial=1))
    ticks = np.asarray(MaxNLocator(4).tick_values(min(0.9, low), 1))
    axes.set_yticks(ticks[ticks <= 1])
    axes.set_ylim(min(ticks[0], low), 1.02)
    count_axis(axes, "step", float(max(history.total, 1)))
    axes.set_xlim(left=0)
    if len(steps):
        end_labels(axes, last_finite(indices), ["Rand", "adjusted"], [colour("accent"), colour("muted")])
    return figure


@picture
def moves(history: History) -> Figure:
    """Show how many tasks change group in a step.

    Args:
        history: A run of a grouped method.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(moves(example_history()).axes)
        1
    """
    steps, means = window_series(history)
    figure, axes = canvas(THIRD, _HEIGHT, left=0.42, right=0.68)
    width = float(history.total) / max(len(steps), 1)
    axes.bar(steps, means.moves, width=0.8 * width, color=colour("accent"))
    if not np.nan_to_num(means.moves).any():  # Else it looks as if nothing had been drawn.
        axes.annotate("no task has moved", (0.5, 0.5), xycoords="axes fraction", ha="center", color=colour("muted"))
    axes.set_ylim(0, max(1.0, 1.08 * float(np.nanmax(means.moves, initial=0))))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    count_axis(axes, "step", float(max(history.total, 1)))
    axes.set_xlim(left=0)
    return figure


@picture
def group_sizes(history: History) -> Figure:
    """Show how many tasks each group holds, the lightest at the bottom.

    Args:
        history: A run of a grouped method.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(group_sizes(example_history()).axes)
        1
    """
    check_steps(history)
    ranks = np.arange(history.num_groups)
    steps, sizes = whole_run(
        history, *window_means(history, (history.groups[:, :, None] == ranks).sum(1).astype(float))
    )
    figure, axes = canvas(THIRD, _HEIGHT, left=0.42, right=0.68)
    if not len(ranks):  # Groups there were in none of the steps that are kept.
        return figure
    colours = group_colours(len(ranks))
    axes.stackplot(steps, sizes.T, colors=colours, edgecolor=colour("paper"), linewidth=0.5)
    axes.set_ylim(0, len(history.tasks))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlim(left=0)
    count_axis(axes, "step", float(history.total))
    middles = sizes[-1].cumsum() - sizes[-1] / 2
    held = np.where(sizes[-1] > 0, middles, np.nan)
    end_labels(axes, held, [str(rank) for rank in ranks], [colour("ink")] * len(ranks))
    return figure


def window_series(history: History) -> tuple[NDArray[np.float64], Transitions]:
    """Average transitions over at most 120 windows.

    Args:
        history: A run of a grouped method.

    Returns:
        Middle of each window, shape ``[P]``, in steps, and the means.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> steps, means = window_series(example_history())
        >>> steps[:2].tolist(), means.rand[1]
        ([0.5, 1.5], np.float64(1.0))
    """
    size = max(1, -(-len(history.windows) // _POINTS))
    means = history.windows.summed(size).means()
    starts = np.arange(len(means)) * size * history.window
    return (starts + np.append(starts[1:], history.total)) / 2, means
