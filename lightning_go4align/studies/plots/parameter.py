"""A score over a parameter that spans orders of magnitude."""

import math

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from lightning_go4align.plots.style import HALF, canvas, colour, picture

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@picture
def curve(points: list[tuple[float, list[float]]], label: str) -> Figure:
    """Show delta_m over a parameter, a dot for each seed and a line through their means.

    Args:
        points: Values of the parameter, above 0 and ascending, and the delta_m of each seed in percent.
        label: Name of the parameter.

    Example:
        >>> figure = curve([(1e-4, [71.0]), (1e-1, [209.0])], "β")
        >>> figure.axes[0].get_xscale()
        'log'
    """
    figure, axes = canvas(HALF, 2.4, left=0.65, bottom=0.45)
    values = [value for value, _ in points]
    axes.semilogx(values, [sum(scores) / len(scores) for _, scores in points], color=colour("accent"), marker="o")
    for value, scores in points:
        axes.plot([value] * len(scores), scores, "o", color=colour("quiet"), markersize=3, zorder=1)
    axes.xaxis.set_major_formatter(FuncFormatter(_power))
    if max(values) >= 100 * min(values):  # Then at least two powers of ten are in sight.
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
    axes.set_ylabel("∆m%")
    return figure


def _power(x: float, _: object) -> str:
    return "10" + str(round(math.log10(x))).translate(SUPERSCRIPT)
