"""A figure of the two-objective problem: where each method moves from each start."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from typing_extensions import override

from lightning_go4align.plots.style import WIDE, canvas, colour, picture
from lightning_go4align.studies.figures import save
from lightning_go4align.studies.logs import logged
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Results

EDGE = 11.0
COLUMNS = 4


class Trajectories(Output):
    """Draw ``trajectories.png``: a panel for each method of a study of ``ToyModule``, a line for each start.

    Example:
        >>> output = Trajectories()
    """

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        paths = {name: [trajectory(row.folder) for row in results.of(name)] for name in results.finished}
        save(trajectories(paths), folder / "trajectories.png")


def trajectory(folder: Path) -> NDArray[np.float64]:
    """Read the points that a run of ``ToyModule`` passed, shape ``[T, 2]``."""
    return np.stack([logged(folder, "position/x"), logged(folder, "position/y")], axis=1)


@picture
def trajectories(paths: Mapping[str, Sequence[NDArray[np.float64]]]) -> Figure:
    """Show trajectories over the contours of the sum of both objectives, with the Pareto front.

    Args:
        paths: For each method its trajectories, shape ``[T, 2]`` each, ends marked.

    Example:
        >>> figure = trajectories({"LS": [np.array([[0.0, 0.0], [1.0, -8.0]])], "GO4Align": []})
        >>> [axes.get_title() for axes in figure.axes[1:]]
        ['LS', 'GO4Align']
    """
    rows = -(-len(paths) // COLUMNS)
    figure, whole = canvas(WIDE, 2.9 * rows, left=0.05, right=0.05, top=0.05, bottom=0.05)
    whole.set_axis_off()
    for index, (name, lines) in enumerate(paths.items(), start=1):
        axes = figure.add_subplot(rows, COLUMNS, index)
        axes.set_title(name)
        _draw(axes, lines)
    return figure


def _draw(axes: Axes, lines: Sequence[NDArray[np.float64]]) -> None:
    import torch  # takes seconds, which a study's plan need not wait for

    from lightning_go4align.benchmarks.toy import FRONT_X, FRONT_Y, objectives

    ticks = torch.linspace(-EDGE, EDGE, 120)
    points = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
    axes.contour(
        ticks, ticks, objectives(points, scale=1.0).sum(-1), levels=14, colors=colour("line"), linewidths=0.7
    )
    axes.plot(FRONT_X, [FRONT_Y, FRONT_Y], color=colour("quiet"), linewidth=3, solid_capstyle="round")
    for line in lines:
        axes.plot(*line.T, color=colour("accent"), linewidth=1.2)
        axes.plot(*line[0], "o", color=colour("ink"), markersize=3)
        axes.plot(*line[-1], "*", color=colour("worse"), markersize=8)
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_major_locator(NullLocator())
