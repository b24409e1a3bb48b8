"""Pictures that compare runs: the paper's Fig. 1 and 6."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lightning_go4align.plots.checks import FINISH, check_seeds, check_some
from lightning_go4align.plots.labels import spread
from lightning_go4align.plots.names import margin, short
from lightning_go4align.plots.style import HALF, canvas, colour, minus, picture


@picture
def elbow(scores: Mapping[int, Sequence[float]]) -> Figure:
    """Show delta_m over the number of groups, a dot for each seed and a line through their means (Fig. 6).

    Args:
        scores: The delta_m of every seed, in percent, for each number of groups.

    Example:
        >>> figure = elbow({2: [-3.0, -2.0], 3: [-6.0, -5.5], 5: [-5.8]})
    """
    check_seeds(scores)
    sizes = sorted(scores)
    means = np.array([np.mean(scores[k]) for k in sizes])
    known = np.isfinite(means)
    figure, axes = canvas(HALF, 2.4, left=0.65, bottom=0.45, top=0.1 if known.all() else 0.3)
    axes.plot(np.array(sizes)[known], means[known], color=colour("accent"), marker="o", markersize=4)
    for k in sizes:
        axes.plot(
            [k] * len(scores[k]), list(scores[k]), "o", color=colour("quiet"), markersize=3, alpha=0.6, zorder=1
        )
    if known.any():
        best = int(np.where(known, means, np.inf).argmin())
        label, position = minus(f"K = {sizes[best]}: {means[best]:+.1f}%"), (sizes[best], min(scores[sizes[best]]))
        axes.annotate(label, position, (0, -15), textcoords="offset points", ha="center", weight="bold")
    _name_unknown(axes, [f"K = {k}" for k, finite in zip(sizes, known, strict=True) if not finite])
    axes.set_xticks(_apart(sizes))
    axes.set_xlabel("number of groups K")
    axes.margins(y=0.25, x=0.12)
    _percent(axes)
    return figure


@picture
def performance_against_time(points: Mapping[str, tuple[float, float]], highlight: str = "GO4Align") -> Figure:
    """Show each method's delta_m against its time: the lower left is better (Fig. 1).

    Args:
        points: Time, in any unit that is the same for all, and delta_m in percent, for each method.
        highlight: The method to stand out, if it is among them.

    Example:
        >>> figure = performance_against_time({"GO4Align": (1.0, -6.1), "MGDA": (8.5, 1.4)})
    """
    check_some(points, "one method", FINISH)
    known = {name: point for name, point in points.items() if np.isfinite(point).all()}
    right, top = max(0.9, margin(list(known))), 0.1 if len(known) == len(points) else 0.3
    figure, axes = canvas(HALF, 3.0, left=0.65, right=right, bottom=0.45, top=top)
    times, scores = np.array(list(known.values())).reshape(-1, 2).T
    colours = [colour("accent" if name == highlight else "quiet") for name in known]
    axes.scatter(times, scores, s=34, color=colours, zorder=3)
    axes.margins(x=0.1, y=0.15)
    low, high = axes.get_ylim()
    positions = spread(scores, (high - low) * 0.062, low, high) if known else np.empty(0)
    for name, x, position in zip(known, times, positions, strict=True):
        ink = colour("accent" if name == highlight else "muted")
        axes.annotate(short(name), (x, position), (6, 0), textcoords="offset points", va="center", color=ink)
    _name_unknown(axes, [name for name in points if name not in known])
    axes.set_xlabel("training time")
    axes.set_ylim(low, high)
    _percent(axes)
    return figure


def _apart(positions: Sequence[int]) -> list[int]:
    """Leave out ticks that would stand on the one before."""
    kept = [positions[0]]
    for position in positions:
        if position - kept[-1] >= 0.07 * (positions[-1] - positions[0]) > 0:
            kept.append(position)
    return kept


def _name_unknown(axes: Axes, names: Sequence[str]) -> None:
    if names:
        label = f"not finite: {short(', '.join(names), 60)}"
        axes.set_title(label, loc="left", fontsize=8, color=colour("muted"), pad=5)


def _percent(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:+g}%") if y else "0%"))
