"""A figure over a parameter that spans orders of magnitude."""

import math
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator
from typing_extensions import override

from lightning_go4align.plots.style import HALF, canvas, colour, picture
from lightning_go4align.studies.figures import save, scores_over_x
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Results

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class ParameterCurve(Output):
    """Draw ``curve.png``: delta_m over the ``x`` of the methods that have one, on a logarithmic axis.

    Args:
        label: Name of the parameter.

    Example:
        >>> output = ParameterCurve(label="β")
    """

    needs = ("baseline", "x")

    def __init__(self, label: str) -> None:
        self.label = label

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        points = scores_over_x(results)
        if points:
            save(curve(points, self.label), folder / "curve.png")


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
