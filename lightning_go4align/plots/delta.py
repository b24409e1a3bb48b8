"""Performance against single-task networks."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from lightning_go4align.history import History
from lightning_go4align.plots.bars import make_room
from lightning_go4align.plots.checks import check_scores
from lightning_go4align.plots.extremes import ROWS, extremes
from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.points import draw_line
from lightning_go4align.plots.style import HALF, canvas, colour, count_axis, minus, picture


@picture
def delta_m(history: History) -> Figure:
    """Show delta_m by epoch; below 0 the network beats single-task learning.

    Args:
        history: A run with at least one scored epoch.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(delta_m(example_history()).axes)
        1
    """
    check_scores(history)
    figure, axes = canvas(HALF, 1.75, left=0.6, right=0.8)
    draw_curve(axes, history.validations.delta_m, history.validations.epochs)
    count_axis(axes, "epoch", axes.get_xlim()[1])
    return figure


@picture
def deltas(history: History) -> Figure:
    """Show the relative change of each metric at the best epoch, sorted; red is worse, green better.

    Args:
        history: A run with at least one scored epoch.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(deltas(example_history()).axes[0].patches)
        4
    """
    check_scores(history)
    names = list(history.metrics)
    height = max(0.5, min(len(names), ROWS) * 0.185)
    figure, axes = canvas(HALF, height + 0.15, left=margin(names), right=0.5, bottom=0.05)
    draw_bars(axes, history.best_changes, names)
    return figure


def draw_curve(axes: Axes, values: ArrayLike, epochs: ArrayLike | None = None) -> None:
    """Draw delta_m by epoch, name the best, and leave out of sight how bad the first epochs are.

    Args:
        axes: Where to draw.
        values: Values of delta_m, shape ``[E]``, in percent.
        epochs: Epochs, shape ``[E]``; 1 to E if not given.

    Example:
        >>> figure, axes = canvas(2, 2)
        >>> draw_curve(axes, [40.0, 3.0, 5.0])
        >>> [text.get_text() for text in axes.texts]
        ['STL', 'best +3.0% · epoch 2']
    """
    scores = np.asarray(values, dtype=float)
    positions = np.arange(1, len(scores) + 1) if epochs is None else np.asarray(epochs)
    axes.axhline(0, color=colour("quiet"), linewidth=0.8, linestyle=(0, (1, 2)))
    axes.annotate(
        "STL", (1, 0), (6, 0), ("axes fraction", "data"), "offset points", va="center", color=colour("muted")
    )
    draw_line(axes, positions, scores, size=4, color=colour("accent"))
    late = scores[len(scores) // 4 :]
    seen = np.append(late[np.isfinite(late)], 0)
    room = 0.12 * max(np.ptp(seen), 1)
    axes.set_ylim(seen.min() - 2.5 * room, seen.max() + room)
    axes.set_xlim(positions[0] - 0.5, positions[-1] + 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:+g}%") if y else "0%"))
    if np.isfinite(scores).any():
        best = int(np.nanargmin(scores))
        axes.plot(positions[best], scores[best], "o", color=colour("accent"), markersize=5)
        side = "right" if best >= len(scores) / 2 else "left"
        label = minus(f"best {scores[best]:+.1f}%") + f" · epoch {round(positions[best], 2):g}"
        paper = {"facecolor": colour("paper"), "pad": 1.0, "linewidth": 0}
        axes.annotate(
            label,
            (positions[best], scores[best]),
            (0, -8),
            textcoords="offset points",
            ha=side,
            va="top",
            weight="bold",
            bbox=paper,
        )


def draw_bars(axes: Axes, changes: ArrayLike, names: Sequence[str]) -> None:
    """Draw relative changes as bars, the best on top.

    Args:
        axes: Where to draw.
        changes: Relative changes, shape ``[S]``, in percent; NaN for an unknown one.
        names: Names of the metrics.

    Example:
        >>> figure, axes = canvas(2, 2)
        >>> draw_bars(axes, [12.0, -3.0], ["depth", "normal"])
        >>> [text.get_text() for text in axes.texts]
        ['−3%', '+12%']
    """
    values = np.atleast_1d(np.asarray(changes, dtype=float))
    order = extremes(values)
    shown = np.where(np.isfinite(values), values, 0)[order]
    axes.barh(range(len(order)), shown, height=0.72, color=[colour("worse" if x > 0 else "better") for x in shown])
    axes.axvline(0, color=colour("quiet"), linewidth=0.8)
    labels = [_percent(values[index]) for index in order]
    make_room(axes, (min(0.0, shown.min()), max(0.0, shown.max())), labels, shown > 0)
    axes.set_yticks(range(len(order)), shorten([names[index] for index in order]), parse_math=False)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.set_xticks([])
    for row, (x, label) in enumerate(zip(shown, labels, strict=True)):
        side, shift = ("left", (4, 0)) if x > 0 else ("right", (-4, 0))
        axes.annotate(label, (x, row), shift, textcoords="offset points", ha=side, va="center", color=colour("muted"))


def _percent(value: float) -> str:
    if np.isnan(value):
        return "–"
    return minus(f"{value:+.0f}%" if abs(value) >= 0.95 else f"{value:+.1f}%")
