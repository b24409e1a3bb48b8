"""Scores of methods beside each other, seed by seed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from lightning_go4align.plots.bars import make_room, name_rows
from lightning_go4align.plots.checks import check_seeds
from lightning_go4align.plots.names import margin
from lightning_go4align.plots.style import HALF, ROW, canvas, colour, minus, picture


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
    check_seeds(scores)
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
    make_room(axes, (lows.min(), highs.max()), labels, means > 0)
    for row, (end, label) in enumerate(zip(ends, labels, strict=True)):
        side, shift = ("left", (4, 0)) if means[row] > 0 else ("right", (-4, 0))
        axes.annotate(
            label, (end, row), shift, textcoords="offset points", ha=side, va="center", color=colour("muted")
        )
    name_rows(axes, names)
    return figure


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _in_words(mean: float, deviation: float, unit: str) -> str:
    if np.isnan(mean):
        return "–"
    return minus(f"{mean:+.1f} ± {deviation:.1f}" if deviation else f"{mean:+.1f}") + unit
