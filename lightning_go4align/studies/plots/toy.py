"""Where each method moves on the two-objective problem, from each start."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike

from lightning_go4align.benchmarks.toy import FRONT_X, FRONT_Y, objectives
from lightning_go4align.plots.style import WIDE, canvas, colour, picture

EDGE = 11.0
COLUMNS = 4


@picture
def trajectories(paths: Mapping[str, Sequence[ArrayLike]]) -> Figure:
    """Show trajectories over the contours of the sum of both objectives, with the Pareto front.

    Args:
        paths: For each method its trajectories, shape ``[T, 2]`` each, ends marked.

    Example:
        >>> figure = trajectories({"LS": [np.array([[0.0, 0.0], [1.0, -8.0]])], "GO4Align": []})
        >>> [axes.get_title() for axes in figure.axes[1:]]
        ['LS', 'GO4Align']
    """
    rows = -(-len(paths) // COLUMNS)
    figure, whole = canvas(WIDE, WIDE / COLUMNS * rows, left=0.05, right=0.05, top=0.05, bottom=0.05)
    whole.set_axis_off()
    for index, (name, lines) in enumerate(paths.items(), start=1):
        axes = figure.add_subplot(rows, COLUMNS, index)
        axes.set_title(name)
        _draw(axes, lines)
    return figure


def _draw(axes: Axes, lines: Sequence[ArrayLike]) -> None:
    ticks = torch.linspace(-EDGE, EDGE, 120)
    points = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
    axes.contour(
        ticks, ticks, objectives(points, scale=1.0).sum(-1), levels=14, colors=colour("line"), linewidths=0.7
    )
    axes.plot(FRONT_X, [FRONT_Y, FRONT_Y], color=colour("quiet"), linewidth=3, solid_capstyle="round")
    for line in map(np.asarray, lines):
        axes.plot(*line.T, color=colour("accent"), linewidth=1.2)
        axes.plot(*line[0], "o", color=colour("ink"), markersize=3)
        axes.plot(*line[-1], "*", color=colour("worse"), markersize=8)
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_major_locator(NullLocator())
