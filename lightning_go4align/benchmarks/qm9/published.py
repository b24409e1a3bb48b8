"""Errors of single-task networks, which multi-task networks are compared with."""

import json
from collections.abc import Collection
from pathlib import Path


def single_task_errors(file: str, targets: Collection[str] | None = None) -> dict[str, float]:
    """Read the test errors of single-task networks.

    Args:
        file: ``published.json``, those of the full protocol; ``quick_stl.json``, those of ``configs/qm9/quick.yaml``;
            or a file that ``go4align study configs/studies/qm9_stl.yaml`` wrote.
        targets: Names of the targets, in order; all that the file has if not given.

    Returns:
        Mean absolute error of each target, in published units.

    Raises:
        FileNotFoundError: If there is no such file, neither here nor in this package.
        ValueError: If the file lacks a target.

    Example:
        >>> single_task_errors("published.json")["homo"]
        60.576
    """
    candidates = [Path(file), Path(__file__).parent / file]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"`baseline` must be a file of single-task errors, but there is no {file!r}. Give `published.json`, "
            "`quick_stl.json`, or a path that `go4align study configs/studies/qm9_stl.yaml` wrote."
        )
    errors: dict[str, float] = json.loads(path.read_text()).get("errors", {})
    missing = [name for name in targets or () if name not in errors]
    if missing:
        raise ValueError(
            f"`baseline` must hold the error of each target in 'errors', but {path} lacks {missing}. Train them too, "
            "or leave them out of `model.targets`."
        )
    return errors if targets is None else {name: errors[name] for name in targets}
