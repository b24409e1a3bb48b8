"""A figure over a parameter that spans orders of magnitude."""

from pathlib import Path

from typing_extensions import override

from lightning_go4align.studies import plots
from lightning_go4align.studies.figures import save, scores_over_x
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Results


class ParameterCurve(Output):
    """Draw ``curve.png``: delta_m over the ``x`` of the methods that have one, on a logarithmic axis.

    Args:
        label: Name of the parameter.

    Example:
        >>> output = ParameterCurve(label="β")
    """

    needs = ("baseline", "x", "matplotlib")

    def __init__(self, label: str) -> None:
        self.label = label

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        points = scores_over_x(results)
        if points:
            save(plots.curve(points, self.label), folder / "curve.png")
