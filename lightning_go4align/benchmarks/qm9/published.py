"""Errors of single-task networks, which multi-task networks are compared with."""

import json
from pathlib import Path


def single_task_errors(file: str) -> dict[str, float]:
    """Read the test errors of single-task networks.

    Args:
        file: ``published.json``, those of the full protocol; ``quick_stl.json``, those of ``configs/qm9/quick.yaml``;
            or a file that ``go4align study configs/studies/qm9_stl.yaml`` wrote.

    Returns:
        Mean absolute error of each target, in published units.

    Raises:
        FileNotFoundError: If there is no such file, neither here nor in this package.

    Example:
        >>> single_task_errors("published.json")["homo"]
        60.576
    """
    places = [Path(file), Path(__file__).parent / file]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"`baseline` must be a file of single-task errors, but there is no {file!r}. Give `published.json`, "
            "`quick_stl.json`, or a path that `go4align study configs/studies/qm9_stl.yaml` wrote."
        )
    errors: dict[str, float] = json.loads(path.read_text())["errors"]
    return errors
