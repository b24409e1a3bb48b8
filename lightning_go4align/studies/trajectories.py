"""A figure of the two-objective problem: where each method moves from each start."""

from pathlib import Path

from typing_extensions import override

from lightning_go4align.studies import plots
from lightning_go4align.studies.figures import save
from lightning_go4align.studies.logs import logged
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Results


class Trajectories(Output):
    """Draw ``trajectories.png``: a panel for each method of a study of ``ToyModule``, a line for each start.

    Example:
        >>> output = Trajectories()
    """

    needs = ("matplotlib",)

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        paths = {name: [trajectory(row.folder) for row in results.of(name)] for name in results.finished}
        save(plots.trajectories(paths), folder / "trajectories.png")


def trajectory(folder: Path) -> list[tuple[float, float]]:
    """Read the points that a run of ``ToyModule`` passed."""
    return list(zip(logged(folder, "position/x"), logged(folder, "position/y"), strict=True))
