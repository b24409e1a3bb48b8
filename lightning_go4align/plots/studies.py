"""Pictures that compare runs: the paper's Fig. 1, 4 and 6, and bars of a table."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from lightning_go4align.plots.style import HALF, ROW, canvas, colour, margin, picture, short, spread


@picture
def elbow(scores: Mapping[int, Sequence[float]]) -> Figure:
    """Show delta_m over the number of groups, a dot for each seed and a line through their means (Fig. 6).

    Args:
        scores: The delta_m of every seed, in percent, for each number of groups.

    Example:
        >>> figure = elbow({2: [-3.0, -2.0], 3: [-6.0, -5.5], 5: [-5.8]})
    """
    figure, axes = canvas(HALF, 2.4, left=0.65, bottom=0.45)
    sizes = sorted(scores)
    means = [float(np.mean(scores[k])) for k in sizes]
    axes.plot(sizes, means, color=colour("accent"), marker="o", markersize=4)
    for k in sizes:
        axes.plot(
            [k] * len(scores[k]), list(scores[k]), "o", color=colour("quiet"), markersize=3, alpha=0.6, zorder=1
        )
    best = int(np.argmin(means))
    label = f"K = {sizes[best]}: {means[best]:+.1f}%"
    axes.annotate(label, (sizes[best], means[best]), (0, -13), textcoords="offset points", ha="center", weight="bold")
    axes.set_xticks(sizes)
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
    figure, axes = canvas(HALF, 3.0, left=0.65, right=0.9, bottom=0.45)
    times, scores = np.array([points[name] for name in points]).T
    colours = [colour("accent" if name == highlight else "quiet") for name in points]
    axes.scatter(times, scores, s=34, color=colours, zorder=3)
    axes.margins(x=0.1, y=0.15)
    low, high = axes.get_ylim()
    places = spread(scores, (high - low) * 0.062, low, high)
    for name, x, place in zip(points, times, places, strict=True):
        ink = colour("accent" if name == highlight else "muted")
        axes.annotate(short(name), (x, place), (6, 0), textcoords="offset points", va="center", color=ink)
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
        ['-6.0%', '+9.0 ± 1.0%']
    """
    names = sorted(scores, key=lambda name: float(np.mean(scores[name])))
    figure, axes = canvas(HALF, 0.15 + ROW * 1.2 * len(names), left=margin(names), right=0.3, bottom=0.05)
    means = [float(np.mean(scores[name])) for name in names]
    spreads = [float(np.std(scores[name], ddof=1)) if len(scores[name]) > 1 else 0.0 for name in names]
    inks = [colour("worse" if mean > 0 else "better") for mean in means]
    axes.barh(range(len(names)), means, height=0.7, color=inks, xerr=spreads, error_kw={"ecolor": colour("muted")})
    axes.axvline(0, color=colour("quiet"), linewidth=0.8)
    low, high = (
        min(0.0, *(m - s for m, s in zip(means, spreads, strict=True))),
        max(0.0, *map(sum, zip(means, spreads, strict=True))),
    )
    axes.set_xlim(low - 0.3 * (high - low) * (low < 0), high + 0.3 * (high - low) * (high > 0))
    for row, (mean, deviation) in enumerate(zip(means, spreads, strict=True)):
        side, end = ("left", max(mean + deviation, 0)) if mean > 0 else ("right", min(mean - deviation, 0))
        label = f"{mean:+.1f} ± {deviation:.1f}{unit}" if deviation else f"{mean:+.1f}{unit}"
        shift = (4 if side == "left" else -4, 0)
        axes.annotate(
            label, (end, row), shift, textcoords="offset points", ha=side, va="center", color=colour("muted")
        )
    _rows(axes, names)
    return figure


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
    sizes = np.asarray(values, dtype=float)
    order = np.argsort(sizes, kind="stable")
    axes.barh(range(len(order)), sizes[order], height=0.7, color=colour("accent"))
    for row, index in enumerate(order):
        place, ink = (sizes[index], row), colour("muted")
        axes.annotate(words.format(sizes[index]), place, (4, 0), textcoords="offset points", va="center", color=ink)
    axes.set_xlim(0, np.nanmax(sizes) * 1.02)
    _rows(axes, [names[index] for index in order])


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.set_xticks([])


def _percent(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:+g}%" if y else "0%"))
