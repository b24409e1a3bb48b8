"""Single-task networks, which delta_m compares with."""

import json
import math
import pkgutil
from collections.abc import Mapping
from pathlib import Path

from typing_extensions import override

from lightning_go4align.studies.names import short_name
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.results import Baseline, Results
from lightning_go4align.studies.study import Study


def check_baseline(study: Study, baseline: Baseline) -> None:
    """Refuse a baseline that cannot be compared with.

    Args:
        study: The study.
        baseline: Its baseline.

    Raises:
        ValueError: If it lacks a column of the study.
    """
    missing = [name for name in map(short_name, study.columns) if not _is_score(baseline.values.get(name))]
    if missing:
        raise ValueError(
            f"The study's `baseline` {study.baseline} must have a finite number other than 0 for each of `columns`, "
            f"but has none for {missing}; it has {list(baseline.values)}. Add them, or leave out these columns."
        )


def _is_score(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value) and value != 0


def read_baseline(source: str) -> Baseline:
    """Read the metrics of single-task networks.

    Args:
        source: A JSON file with ``about`` and ``errors``, or ``module:NAME`` of a mapping.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If there is something else at this place.

    Example:
        >>> baseline = read_baseline("lightning_go4align.benchmarks.nyuv2.published:SINGLE_TASK")
        >>> baseline.values["miou"]
        38.3
    """
    if ":" in source:
        return Baseline(f"`{source}`", _named(source))
    file = Path(source)
    if not file.is_file():
        raise FileNotFoundError(
            f"The study's `baseline` is {file}, but there is no such file. If a study writes it, run that one first: "
            "`go4align study configs/studies/qm9_stl.yaml`."
        )
    try:
        content = json.loads(file.read_text())
    except ValueError as error:  # of JSON or of the encoding
        content = error
    if not isinstance(content, dict) or "about" not in content or not isinstance(content.get("errors"), dict):
        raise ValueError(
            f"The study's `baseline` {file} must be a JSON file with `about`, words on what it is, and `errors`, "
            f"numbers by the names of columns, but holds {content!r:.200}. Correct it, or let a study write it."
        )
    return Baseline(f"`{file.name}`: {content['about']}", content["errors"])


def _named(source: str) -> dict[str, float]:
    try:
        values = pkgutil.resolve_name(source)
    except (ImportError, AttributeError, ValueError) as error:
        values = error
    if not isinstance(values, Mapping):
        raise ValueError(
            f"The study's `baseline` must name a JSON file or, as `module:NAME`, a mapping, but {source} gives "
            f"{values!r:.200}. Correct the name."
        )
    return dict(values)


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
