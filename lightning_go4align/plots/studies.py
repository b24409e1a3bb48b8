"""Pictures that compare runs: the paper's Fig. 1, 4 and 6, and bars of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from lightning_go4align.plots.checks import check_some
from lightning_go4align.plots.style import HALF, ROW, canvas, colour, margin, minus, picture, short, spread

_FINISH = "Finish a run of it first."


@picture
def elbow(scores: Mapping[int, Sequence[float]]) -> Figure:
    """Show delta_m over the number of groups, a dot for each seed and a line through their means (Fig. 6).

    Args:
        scores: The delta_m of every seed, in percent, for each number of groups.

    Example:
        >>> figure = elbow({2: [-3.0, -2.0], 3: [-6.0, -5.5], 5: [-5.8]})
    """
    _check_scores(scores)
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
        label, place = minus(f"K = {sizes[best]}: {means[best]:+.1f}%"), (sizes[best], min(scores[sizes[best]]))
        axes.annotate(label, place, (0, -15), textcoords="offset points", ha="center", weight="bold")
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
    check_some(points, "one method", _FINISH)
    known = {name: point for name, point in points.items() if np.isfinite(point).all()}
    right, top = max(0.9, margin(list(known))), 0.1 if len(known) == len(points) else 0.3
    figure, axes = canvas(HALF, 3.0, left=0.65, right=right, bottom=0.45, top=top)
    times, scores = np.array(list(known.values())).reshape(-1, 2).T
    colours = [colour("accent" if name == highlight else "quiet") for name in known]
    axes.scatter(times, scores, s=34, color=colours, zorder=3)
    axes.margins(x=0.1, y=0.15)
    low, high = axes.get_ylim()
    places = spread(scores, (high - low) * 0.062, low, high) if known else np.empty(0)
    for name, x, place in zip(known, times, places, strict=True):
        ink = colour("accent" if name == highlight else "muted")
        axes.annotate(short(name), (x, place), (6, 0), textcoords="offset points", va="center", color=ink)
    _name_unknown(axes, [name for name in points if name not in known])
    axes.set_xlabel("training time")
    axes.set_ylim(low, high)
    _percent(axes)
    return figure


@picture
def runtime_bars(seconds: Mapping[str, float], reference: str) -> Figure:
    """Show how many times longer than a reference each method takes, the fastest on top (Fig. 4).

    Args:
        seconds: Time of each method, in any unit that is the same for all.
        reference: The method that counts as 1.

    Raises:
        ValueError: If the reference is not among the methods.

    Example:
        >>> figure = runtime_bars({"LS": 10.0, "GO4Align": 10.2, "MGDA": 31.0}, reference="LS")
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1.00×', '1.02×', '3.10×']
    """
    check_some(seconds, "one method", _FINISH)
    if reference not in seconds:
        raise ValueError(f"`reference` must be one of {list(seconds)}, but is {reference!r}.")
    ratios = [value / seconds[reference] for value in seconds.values()]
    figure, axes = canvas(HALF, 0.15 + ROW * 1.1 * len(seconds), left=margin(list(seconds)), right=0.6, bottom=0.05)
    _bars(axes, ratios, list(seconds), "{:.2f}×")
    return figure


@picture
def comparison_bars(scores: Mapping[str, Sequence[float]], unit: str = "%") -> Figure:
    """Show a score of several methods, the lowest on top, with the sample's standard deviation over seeds.

    Args:
        scores: The score of every seed, for each method; lower is better.
        unit: Written behind each number.

    Example:
        >>> figure = comparison_bars({"LS": [8.0, 9.0, 10.0], "GO4Align": [-6.0]})
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['−6.0%', '+9.0 ± 1.0%']
    """
    _check_scores(scores)
    averages = {name: float(np.mean(found)) for name, found in scores.items()}
    names = sorted(scores, key=lambda name: (np.isnan(averages[name]), averages[name]))
    figure, axes = canvas(HALF, 0.15 + ROW * 1.2 * len(names), left=margin(names), right=0.3, bottom=0.05)
    known = np.isfinite([averages[name] for name in names])
    means = np.where(known, [averages[name] for name in names], 0)
    spreads = [_deviation(scores[name]) if finite else 0.0 for name, finite in zip(names, known, strict=True)]
    inks = [colour("worse" if mean > 0 else "better") for mean in means]
    axes.barh(range(len(names)), means, height=0.7, color=inks, xerr=spreads, error_kw={"ecolor": colour("muted")})
    axes.axvline(0, color=colour("quiet"), linewidth=0.8)
    labels = [_in_words(averages[name], deviation, unit) for name, deviation in zip(names, spreads, strict=True)]
    lows, highs = np.minimum(means - spreads, 0), np.maximum(means + spreads, 0)
    ends = np.where(means > 0, highs, lows)
    _make_room(axes, (lows.min(), highs.max()), labels, means > 0)
    for row, (end, label) in enumerate(zip(ends, labels, strict=True)):
        side, shift = ("left", (4, 0)) if means[row] > 0 else ("right", (-4, 0))
        axes.annotate(
            label, (end, row), shift, textcoords="offset points", ha=side, va="center", color=colour("muted")
        )
    _rows(axes, names)
    return figure


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _in_words(mean: float, deviation: float, unit: str) -> str:
    if np.isnan(mean):
        return "–"
    return minus(f"{mean:+.1f} ± {deviation:.1f}" if deviation else f"{mean:+.1f}") + unit


def _make_room(axes: Axes, ends: tuple[float, float], labels: Sequence[str], right: NDArray[np.bool_]) -> None:
    """Set the limits so that the longest label on either side fits beside the longest bar."""
    width = axes.get_window_extent().width / axes.get_figure().dpi  # type: ignore[union-attr]  # it has one
    words = ([label for label, found in zip(labels, right, strict=True) if found == side] for side in (False, True))
    before, after = (margin(found) / width if found else 0.0 for found in words)
    whole = ((ends[1] - ends[0]) or 1) / max(1 - before - after, 0.2)
    axes.set_xlim(ends[0] - before * whole, ends[1] + after * whole)


def draw_ranks(axes: Axes, ranks: ArrayLike, methods: Sequence[str]) -> None:
    """Draw mean ranks as bars, the best on top.

    Args:
        axes: Where to draw.
        ranks: Mean ranks, shape ``[N]``.
        methods: Names of the methods.

    Example:
        >>> figure, axes = canvas(3, 1)
        >>> draw_ranks(axes, [2.0, 1.0], ["LS", "GO4Align"])
        >>> [text.get_text() for text in axes.texts]
        ['1.00', '2.00']
    """
    _bars(axes, np.asarray(ranks, dtype=float), methods, "{:.2f}")


def _bars(axes: Axes, values: ArrayLike, names: Sequence[str], words: str) -> None:
    sizes = np.atleast_1d(np.asarray(values, dtype=float))
    order = np.argsort(sizes, kind="stable")
    drawn = np.where(np.isfinite(sizes), sizes, 0)
    axes.barh(range(len(order)), drawn[order], height=0.7, color=colour("accent"))
    for row, index in enumerate(order):
        place, ink = (drawn[index], row), colour("muted")
        label = "–" if np.isnan(sizes[index]) else words.format(sizes[index])
        axes.annotate(label, place, (4, 0), textcoords="offset points", va="center", color=ink)
    axes.set_xlim(0, drawn.max() * 1.02 or 1)
    _rows(axes, [names[index] for index in order])


def _apart(places: Sequence[int]) -> list[int]:
    """Leave out ticks that would stand on the one before."""
    kept = [places[0]]
    for place in places:
        if place - kept[-1] >= 0.07 * (places[-1] - places[0]) > 0:
            kept.append(place)
    return kept


def _name_unknown(axes: Axes, names: Sequence[str]) -> None:
    if names:
        label = f"not finite: {short(', '.join(names), 60)}"
        axes.set_title(label, loc="left", fontsize=8, color=colour("muted"), pad=5)


def _check_scores(scores: Mapping[Any, Sequence[float]]) -> None:
    check_some(scores, "one score", _FINISH)
    for name, found in scores.items():
        check_some(found, f"one score of {name!r}", _FINISH)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [short(name) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.set_xticks([])


def _percent(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: minus(f"{y:+g}%") if y else "0%"))
