"""One file for all molecules that is either whole or not there."""

import hashlib
import io
from pathlib import Path

import numpy as np
import torch

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.benchmarks.qm9.molecules import Molecules

#: To be counted up whenever the same molecules would be written differently.
VERSION = 1


def save(molecules: Molecules, path: Path) -> None:
    """Write a file of molecules: a line with the version and the checksum of the rest, then an ``.npz``.

    The file appears under its name only when it is complete, so that processes that write at the same time, or end
    half-way, leave no half of one.

    Args:
        molecules: What to write.
        path: The file; its folder is made if need be.

    Example:
        >>> molecules = Molecules(*[torch.zeros(1, 1)] * 6)
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(molecules, Path(folder, "molecules"))
        ...     load(Path(folder, "molecules")) == molecules
        True
    """
    buffer = io.BytesIO()
    np.savez(buffer, **{name: tensor.numpy() for name, tensor in molecules._asdict().items()})
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(_header(buffer.getbuffer()) + buffer.getbuffer())


def load(path: Path) -> Molecules | None:
    """Read a file of molecules.

    Args:
        path: What :func:`save` wrote.

    Returns:
        The molecules, or None if the file is missing, damaged in any bit, or of another version.

    Example: See :func:`save`.
    """
    if not path.exists():
        return None
    content = path.read_bytes()
    header, _, arrays = content.partition(b"\n")
    if header + b"\n" != _header(arrays):
        return None
    with np.load(io.BytesIO(arrays)) as file:
        return Molecules(*(torch.from_numpy(file[name]) for name in Molecules._fields))


def _header(arrays: bytes | memoryview) -> bytes:
    return f"lightning_go4align molecules {VERSION} {hashlib.sha256(arrays).hexdigest()}\n".encode()
