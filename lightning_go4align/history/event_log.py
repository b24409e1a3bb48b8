"""The file of a run's dynamics: arrays by name, and beside them JSON with the version of the format."""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.history.notes import Notes

FILE = "group_dynamics.npz"
VERSION = 5  # to be counted up whenever the same history would be written differently
Arrays = dict[str, NDArray[Any]]
#: What ``zipfile`` raises of bytes that are not as they were written; ``RuntimeError`` of an encryption or a version.
_DAMAGE = (BadZipFile, EOFError, OSError, RuntimeError, struct.error, zlib.error, LZMAError)

#: Where version 1 kept what has a name of its own now: in columns of one array, or under another name.
_COLUMNS = {
    "windows": [f"windows/{name}" for name in ("transitions", "rand", "adjusted_rand", "moves", "held", "occupied")],
    "scores": [f"validations/{name}" for name in ("epochs", "steps", "delta_m", "convergence_difference")],
}
_RENAMED = {"deltas": "validations/changes", "epochs": "convergence_epochs"}


def write_log(folder: Path, arrays: Arrays, metadata: Mapping[str, Any]) -> Path:
    """Write the log into a folder; a reader sees the old file or the new one, never half of it.

    Args:
        folder: Folder of the run; made if need be.
        arrays: Arrays by name.
        metadata: The rest, which JSON can hold.

    Returns:
        The file.
    """
    path = folder / FILE
    everything: dict[str, Any] = {"metadata": np.array(json.dumps(metadata)), **arrays}
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        # NumPy below 2.2 would take `allow_pickle=False` for an array; objects are refused when the log is read.
        np.savez(file, **everything)
    return path


def read_log(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """Read the log from the folder of a run.

    Args:
        folder: Folder of the run.

    Returns:
        Arrays and metadata as they were written, see :func:`upgraded`.

    Raises:
        FileNotFoundError: If there is no such folder, or no log in it.
        ValueError: If it is damaged.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder. Give that of a run, for example lightning_logs/version_0.")
    path = folder / FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds no {FILE}. Give the folder of a run that had a `GroupDynamicsMonitor`."
        )
    content = path.read_bytes()  # An `OSError` below is then of the content, not of the disk.
    try:
        arrays = _unpacked(content)
        text = arrays.pop("metadata") if "metadata" in arrays else arrays.pop("words")
        metadata = json.loads(str(text))
    except (KeyError, ValueError, TypeError, *_DAMAGE) as error:
        raise damaged(path, error) from error
    return arrays, metadata


def _unpacked(content: bytes) -> Arrays:
    """Read arrays that are as they were written, by the archive's checksums: NumPy trusts a header that is not."""
    with ZipFile(BytesIO(content)) as archive:  # Of other files NumPy says how to unpickle them, which nobody should.
        broken = archive.testzip()
    if broken:
        raise BadZipFile(f"bad checksum of {broken}")
    with np.load(BytesIO(content)) as log:
        return dict(log)


def damaged(path: Path, error: Exception) -> ValueError:
    """Say that a log cannot be read, and what remains."""
    reason = " ".join(f"{type(error).__name__} {error}".split())
    return ValueError(
        f"{path} is damaged, or no log of group dynamics: {reason}. Train that run again for a new one."
    )


def upgraded(arrays: Arrays, metadata: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Bring what an earlier version wrote into the form of this one.

    Args:
        arrays: Arrays by name.
        metadata: The rest; of version 1, which did not say so, if it names none.

    Returns:
        Arrays and metadata, as this version writes them.

    Raises:
        ValueError: If a later version wrote it.

    Example:
        >>> upgraded({"scores": np.array([[1.0, 20.0, -2.5, 0.5]])}, {"notes": {}})[0]["validations/delta_m"]
        array([-2.5])
    """
    version = metadata.get("version", 1)
    if version > VERSION:
        raise ValueError(
            f"The log of group dynamics is of version {version}, but this lightning_go4align reads up to version "
            f"{VERSION}. Install a newer one: pip install --upgrade lightning-go4align."
        )
    if version == 1:
        arrays, metadata = _from_version_1(arrays, metadata)
    if version < 4:  # Every transition counted for every task. (What notes a version lacks are empty.)
        arrays = {**arrays, **_counts_before_version_4(arrays)}
    return arrays, metadata | {"version": VERSION}


def _from_version_1(arrays: Arrays, metadata: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    named: Arrays = {}
    for name, array in arrays.items():
        if name in _COLUMNS:
            named |= dict(zip(_COLUMNS[name], array.T.copy(), strict=True))
        else:
            named[_RENAMED.get(name, name)] = array
    # Notes were free then; the package's own have become fields.
    notes = {field.name: metadata["notes"][field.name] for field in fields(Notes) if field.name in metadata["notes"]}
    return named, metadata | {"notes": notes}


def _counts_before_version_4(arrays: Arrays) -> Arrays:
    transitions = arrays.get("windows/transitions", np.zeros(0))
    counts = {f"windows/{name}": transitions.copy() for name in ("compared", "followed")}
    of_each = np.full_like(arrays.get("task_moves", np.zeros(0, np.int64)), int(transitions.sum()))
    return {**counts, "task_transitions": of_each}
