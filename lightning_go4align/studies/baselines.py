"""Single-task networks, which delta_m compares with."""

import json
import pkgutil
from pathlib import Path

from typing_extensions import override

from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Baseline, Results


def read_baseline(place: str) -> Baseline:
    """Read the metrics of single-task networks.

    Args:
        place: A JSON file with ``about`` and ``errors``, or ``module:NAME`` of a mapping.

    Raises:
        FileNotFoundError: If there is no such file.

    Example:
        >>> baseline = read_baseline("lightning_go4align.benchmarks.nyuv2.published:SINGLE_TASK")
        >>> baseline.values["miou"]
        38.3
    """
    if ":" in place:
        return Baseline(f"`{place}`", dict(pkgutil.resolve_name(place)))
    file = Path(place)
    if not file.is_file():
        raise FileNotFoundError(
            f"The study's `baseline` is {file}, but there is no such file. If a study writes it, run that one first: "
            "`go4align study configs/studies/qm9_stl.yaml`."
        )
    content = json.loads(file.read_text())
    return Baseline(f"`{file.name}`: {content['about']}", content["errors"])


class SingleTaskBaseline(Output):
    """Write ``baseline.json``: each column's mean over the seeds of the methods that have it.

    Args:
        about: What kind of networks these are; tables of other studies say it.

    Example:
        >>> output = SingleTaskBaseline(about="quick budget")
    """

    def __init__(self, about: str) -> None:
        self.about = about

    @override
    def __call__(self, results: Results, folder: Path) -> None:
        errors = {}
        for column in results.columns:
            found = [row.values[column] for row in results.rows if column in row.values]
            if not found:  # An incomplete baseline would be compared with as if it were one.
                (folder / "baseline.json").unlink(missing_ok=True)
                return
            errors[column] = sum(found) / len(found)
        seeds = sorted({row.seed for row in results.rows})
        content = {"about": f"{self.about}; seeds {', '.join(map(str, seeds))}", "errors": errors}
        (folder / "baseline.json").write_text(json.dumps(content, indent=2) + "\n")
