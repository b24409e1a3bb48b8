"""Task by step: which group a task is in, and what its indicator is."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lightning_go4align.history import History, known_mean
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.colours import RAMP, group_colours
from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.order import every_nth, task_order
from lightning_go4align.plots.style import ROW, WIDE, canvas, colour, count_axis, picture

_ROWS, _PIXELS = 200, 60_000
_LEGEND_ENTRIES, _LEGEND_COLUMNS = 9, 5
# Inches: a row that is named; and all rows together: as many names as stand on a page of A4 in letters of full size.
_LINE, _HIGHEST = ROW * 0.85, 8.1


@picture
def assignment(history: History) -> Figure:
    """Show the group of each task in each step, ranked by weight: dark groups are held back, bright ones pushed.

    Rows stand in travel order; of more than 200 tasks every n-th is shown. Columns are sampled steps, never blends:
    the mean of groups 0 and 4 is not group 2.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(assignment(example_history()).axes)
        1
    """
    check_steps(history)
    order, num_groups = every_nth(task_order(history), _ROWS), max(history.num_groups, 1)
    entries = np.unique(np.linspace(0, num_groups - 1, min(num_groups, _LEGEND_ENTRIES)).round().astype(int))
    lines = math.ceil(len(entries) / _LEGEND_COLUMNS)
    figure, axes = _rows(history, order, top=0.32 + ROW * lines, right=0.85)
    columns = _columns(history, len(order))
    ranks = history.groups[columns][:, order].T
    pixels = group_colours(num_groups)[np.maximum(ranks, 0)]
    pixels[ranks < 0] = 0
    _show(axes, history, pixels)
    muted = colour("muted")
    for tick in axes.get_yticks().astype(int):
        label = _main_group(history.groups[:, order[tick]])
        axes.annotate(label, (1, tick), (6, 0), ("axes fraction", "data"), "offset points", va="center", color=muted)
    axes.annotate("main group", (1, 1), (6, 6), "axes fraction", "offset points", color=muted)
    weights = [history.weights[history.groups == rank] for rank in entries]
    labels = [f"group {rank} · {times}" for rank, times in zip(entries, _times(weights), strict=True)]
    handles = [
        Patch(facecolor=rgb, label=label)
        for rgb, label in zip(group_colours(num_groups)[entries], labels, strict=True)
    ]
    across = math.ceil(len(handles) / lines)
    rowwise = [handle for column in range(across) for handle in handles[column::across]]  # matplotlib goes by columns
    figure.legend(handles=rowwise, loc="upper left", ncol=across, borderaxespad=0.2, columnspacing=1.6)
    return figure


@picture
def indicators(history: History) -> Figure:
    """Show what the clustering sees: the group indicators, on a log scale. Rows of equal colour end in one group.

    Args:
        history: A run whose method has indicators.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(indicators(example_history()).axes)
        2
    """
    check_steps(history)
    order = every_nth(task_order(history), _ROWS)
    figure, axes = _rows(history, order, top=0.4, right=0.85)
    values = history.indicators[_columns(history, len(order))][:, order].T
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = np.quantile(positive, [0.005, 0.995]) if positive.size else (0.1, 1.0)
    norm = LogNorm(low, max(high, low * 1.001), clip=True)
    pixels = np.asarray(RAMP(norm(np.where(values > 0, values, low))))
    pixels[~np.isfinite(values)] = 0
    _show(axes, history, pixels)
    width, height = figure.get_size_inches()
    bar = figure.add_axes((1.0 / width, 1 - 0.22 / height, 1.3 / width, 0.1 / height))
    bar.imshow(np.linspace(0, 1, 64)[None], cmap=mpl.colormaps["viridis"], aspect="auto", extent=(0, 1, 0, 1))
    bar.set(xticks=[], yticks=[])
    middle: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "va": "center",
        "color": colour("muted"),
    }
    bar.annotate(f"γ  {rounded(low)}", (0, 0.5), (-6, 0), ha="right", **middle)
    bar.annotate(f"{rounded(high)}  (log)", (1, 0.5), (6, 0), **middle)
    return figure


def _rows(history: History, order: list[int], top: float, right: float) -> tuple[Figure, Axes]:
    """Make an axes with a row for each task, named at its left."""
    names = shorten([history.tasks[task] for task in order])
    height = min(len(names) * (0.21 if len(names) < 20 else _LINE), _HIGHEST)
    figure, axes = canvas(WIDE, height + top + 0.28, left=margin(names), right=right, top=top)
    every = math.ceil(round(len(names) * _LINE / height, 6))
    axes.set_yticks(range(0, len(names), every), names[::every])
    axes.tick_params(axis="y", labelcolor=colour("ink"))
    axes.grid(visible=False)
    return figure, axes


def _show(axes: Axes, history: History, pixels: NDArray[np.float64]) -> None:
    """Draw the pixels with lines of paper between the rows."""
    end = float(max(history.total, 1))
    rows = len(pixels)
    image = (pixels * 255).round().astype(np.uint8)
    axes.imshow(image, aspect="auto", interpolation="none", extent=(0, end, rows - 0.5, -0.5))
    if rows <= 80:
        axes.hlines(np.arange(rows - 1) + 0.5, 0, end, colors=colour("paper"), linewidth=1.2)
    axes.set_ylim(rows - 0.5, -0.5)
    count_axis(axes, "step", end)


def _columns(history: History, rows: int) -> NDArray[np.int64]:
    """Sampled steps to show: 300 to 1200, fewer for more rows, so that a picture's size has a bound."""
    count = min(len(history.steps), max(300, min(1200, _PIXELS // rows)))
    return np.linspace(0, len(history.steps) - 1, count).round().astype(np.int64)


def _main_group(ranks: NDArray[np.int16]) -> str:
    found, counts = np.unique(ranks[ranks >= 0], return_counts=True)
    return f"{counts.max() / counts.sum():.0%} in {found[counts.argmax()]}" if len(found) else "absent"


def _times(weights: Sequence[NDArray[np.float32]]) -> list[str]:
    """Mean weights of groups, with as many digits as it takes to tell them apart."""
    means = [float(known_mean(found)) for found in weights if found.size]
    digits = 2 if len({f"{mean:.2g}" for mean in means}) == len(means) else 3
    return [f"{rounded(float(known_mean(found)), digits)}×" if found.size else "unused" for found in weights]


def rounded(value: float, digits: int = 2) -> str:
    """Write a number in a few digits, and as people do as long as it has at most six before the point.

    Example:
        >>> rounded(512.3), rounded(0.0123), rounded(1.5e7)
        ('510', '0.012', '1.5e+07')
    """
    return f"{float(f'{value:.{digits}g}'):g}"
