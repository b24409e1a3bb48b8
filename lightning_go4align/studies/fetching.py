"""Finished runs from another place: a folder, or an address of fsspec such as ``s3://bucket/studies``."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fsspec.core import url_to_fs
from fsspec.spec import AbstractFileSystem

from lightning_go4align.studies.claims import take
from lightning_go4align.studies.plan import Run


def fetch_finished(runs: Sequence[Run], address: str) -> list[Run]:
    """Copy what tables need of runs that are finished elsewhere, and not here; a run is known by its folder's name.

    Args:
        runs: The runs.
        address: Where ``runs/<name>`` lies, as in a study's ``folder``.

    Returns:
        The runs that were copied; not those that a process is at.

    Raises:
        FileNotFoundError: If nothing is there.
        ImportError: If the package is missing that an address of this kind needs.
    """
    system, place = url_to_fs(address)
    if not system.exists(f"{place}/runs"):
        raise FileNotFoundError(f"There is no folder `runs` at {address}. Give the `folder` of the study there.")
    wanted = [run for run in runs if not run.is_finished]
    return [run for run in wanted if _fetch(run, system, f"{place}/runs/{run.folder.name}")]


def _fetch(run: Run, system: AbstractFileSystem, source: str) -> bool:
    if not system.exists(f"{source}/finished.json"):
        return False
    run.folder.mkdir(parents=True, exist_ok=True)
    claim = take(run.folder)
    if claim is None:
        return False
    try:
        with tempfile.TemporaryDirectory(dir=run.folder) as part:
            for file in (*system.glob(f"{source}/logs/version_*/metrics.csv"), f"{source}/finished.json"):
                target = Path(part, file.rpartition(f"/{run.folder.name}/")[2])
                target.parent.mkdir(parents=True, exist_ok=True)
                system.get_file(file, str(target))
            shutil.rmtree(run.folder / "logs", ignore_errors=True)  # of an attempt that came less far
            Path(part, "logs").replace(run.folder / "logs")
            Path(part, "finished.json").replace(run.folder / "finished.json")  # last, for it says that all is there
    finally:
        claim.release()
    return True
