"""A study's figures: the layout of the paper's Fig. 1, 4 and 6."""

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from lightning_go4align.studies import plots
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Results

if TYPE_CHECKING:  # A study's plan names these classes, and waits for no matplotlib.
    from matplotlib.figure import Figure


class Bars(Output):
    """Draw ``delta_m.png``: delta_m of each method with its standard deviation over seeds.

    Example:
        >>> output = Bars()
    """

    needs = ("baseline", "matplotlib")

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        save(plots.comparison_bars(results.scores()), folder / "delta_m.png")


class Elbow(Output):
    """Draw ``elbow.png``: delta_m over the number of groups, for the methods that have an ``x`` (Fig. 6).

    Example:
        >>> output = Elbow()
    """

    needs = ("baseline", "x", "matplotlib")

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        scores = {int(x): values for x, values in scores_over_x(results)}
        if scores:
            save(plots.elbow(scores), folder / "elbow.png")


class PerformanceAgainstTime(Output):
    """Draw ``performance_against_time.png``: delta_m over the seconds of an epoch (Fig. 1).

    Example:
        >>> output = PerformanceAgainstTime()
    """

    needs = ("baseline", "matplotlib")

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        scores, seconds = results.scores(), results.seconds()
        points = {name: (seconds[name], sum(values) / len(values)) for name, values in scores.items()}
        save(plots.performance_against_time(points), folder / "performance_against_time.png")


class RuntimeBars(Output):
    """Draw ``runtime.png``: seconds of an epoch relative to the reference (Fig. 4).

    Example:
        >>> output = RuntimeBars()
    """

    needs = ("matplotlib",)

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        if results.reference in results.finished:
            save(plots.runtime_bars(results.seconds(), str(results.reference)), folder / "runtime.png")


def scores_over_x(results: Results) -> list[tuple[float, list[float]]]:
    """List ``x`` and the delta_m of each seed for the methods that have both, in the order of ``x``.

    A method of which a seed diverged is left out. Warns if none is left, so that nothing can be drawn.

    Args:
        results: The study's results.

    Example:
        >>> from lightning_go4align.studies.results import Baseline, Row
        >>> rows = [Row("K = 5", 0, {"mu": 0.5}), Row("K = 2", 0, {"mu": 0.6})]
        >>> baseline, x = Baseline("measured", {"mu": 0.5}), {"K = 2": 2, "K = 5": 5}
        >>> scores_over_x(Results(list(x), ["mu"], rows, baseline=baseline, x=x))
        [(2, [20.0]), (5, [0.0])]
    """
    scores = {name: values for name, values in results.scores().items() if all(map(math.isfinite, values))}
    points = sorted((results.x[name], values) for name, values in scores.items() if name in results.x)
    if not points:
        warnings.warn("No finished method with an `x` has a score for each seed: nothing is drawn.", stacklevel=2)
    return points


def save(figure: "Figure", file: Path) -> None:
    """Write a figure to a file."""
    figure.savefig(file, dpi=200)
