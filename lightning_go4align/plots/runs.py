"""Several runs in one picture."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lightning_go4align.plots.checks import FINISH, check_some
from lightning_go4align.plots.colours import DASHES, task_colours
from lightning_go4align.plots.labels import end_labels, room_beside
from lightning_go4align.plots.points import draw_line
from lightning_go4align.plots.style import HALF, canvas, colour, count_axis, minus, picture
from lightning_go4align.plots.windows import last_finite

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@picture
def delta_m_of_runs(curves: Mapping[str, Curve]) -> Figure:
    """Show delta_m by epoch of several runs; the first epochs, which are far worse, are left out of sight.

    Args:
        curves: Epochs and delta_m in percent, each of the shape ``[E]``, for each run.

    Example:
        >>> epochs = np.arange(1.0, 4.0)
        >>> figure = delta_m_of_runs({"LS": (epochs, 9 / epochs), "GO4Align": (epochs, 6 / epochs)})
        >>> len(figure.axes[0].lines)
        3
    """
    check_some(curves, "one run", FINISH)
    names = list(curves)
    figure, axes = canvas(HALF, 2.6, left=0.6, right=room_beside(names))
    axes.axhline(0, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    inks = task_colours(len(curves))
    for index, ((epochs, scores), rgb) in enumerate(zip(curves.values(), inks, strict=True)):
        line = draw_line(axes, epochs, scores, color=tuple(rgb))
        if DASHES[index % len(DASHES)]:
            line.set_dashes(DASHES[index % len(DASHES)])
    late = np.concatenate([scores[len(scores) // 4 :] for _, scores in curves.values()])
    seen = np.append(late[np.isfinite(late)], 0)
    room = 0.08 * max(np.ptp(seen), 1)
    axes.set_ylim(seen.min() - room, seen.max() + room)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:+g}%") if y else "0%"))
    # Half an epoch on either side: a run of one validation is a dot, which an edge would hide.
    count_axis(axes, "epoch", max(float(epochs[-1]) for epochs, _ in curves.values()) + 0.5)
    axes.set_xlim(left=min(float(epochs[0]) for epochs, _ in curves.values()) - 0.5)
    ends = [last_finite(scores[:, None])[0] for _, scores in curves.values()]
    end_labels(axes, ends, names, list(inks))
    return figure
