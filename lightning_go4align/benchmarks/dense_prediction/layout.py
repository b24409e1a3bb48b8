"""The published form of NYUv2 and CityScapes on disk, and what is wrong with a folder that has another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]


class ArrayMap(NamedTuple):
    """One kind of map: where its files lie and what each of them holds.

    Example:
        >>> ArrayMap("depth", (288, 384, 1), torch.float32, low=0, high=100).folder
        'depth'
    """

    folder: str
    shape: tuple[int, ...]  # H W C, or H W for labels
    dtype: torch.dtype  # of the tensors made from it
    low: float
    high: float
    slack: float = 0.0  # how far rounding may take values beyond them
    is_direction: bool = False  # whether the channels are a vector of length 1, or 0 where it is unknown


class Layout(NamedTuple):
    """The maps of a data set, ``<root>/<split>/<folder>/<i>.npy``, by the names that they get in a sample.

    Example:
        >>> Layout("NYUv2", {"depth": ArrayMap("depth", (2, 2, 1), torch.float32, 0, 100)}, origin="").name
        'NYUv2'
    """

    name: str
    maps: Mapping[str, ArrayMap]
    origin: str  # where the data is to be had


def array_paths(folder: Path, layout: Layout) -> dict[str, list[Path]]:
    """List the files of one split, 0 to N - 1, after a look at each one's header and the first one's values.

    The others' values are looked at by :func:`check_values` whenever they are read.

    Args:
        folder: ``<root>/<split>``.
        layout: The maps to find there. All of them have as many files as the first.

    Returns:
        Paths by name of the map, in the order of their numbers.

    Raises:
        FileNotFoundError: If the folder, a map or a file is missing.
        ValueError: If maps differ in number, or a file in its shape, kind or range of numbers.

    Example:
        >>> array_paths(Path("nowhere"), Layout("NYUv2", {}, origin="See its page."))
        Traceback (most recent call last):
        FileNotFoundError: NYUv2 is expected in nowhere, which is not there. See its page.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{layout.name} is expected in {folder}, which is not there. {layout.origin}")
    counts = {kind.folder: len(list((folder / kind.folder).glob("*.npy"))) for kind in layout.maps.values()}
    if not all(counts.values()):
        empty = folder / min(counts, key=lambda name: counts[name])
        raise FileNotFoundError(f"{layout.name} needs {empty}/0.npy and onwards, but there is none. {layout.origin}")
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"The maps of {folder} must have equally many files, but there are {counts}. Copy what is missing, or "
            f"delete what is too much. {layout.origin}"
        )
    paths = {}
    for name, kind in layout.maps.items():
        paths[name] = [folder / kind.folder / f"{i}.npy" for i in range(counts[kind.folder])]
        for path in paths[name]:
            _check_header(path, kind, layout)
        check_values(np.load(paths[name][0]), paths[name][0], kind)
    return paths


def _check_header(path: Path, kind: ArrayMap, layout: Layout) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: files are numbered from 0 without a gap. {layout.origin}")
    try:
        array = np.lib.format.open_memmap(path, mode="r")  # `np.load` would take an archive, too
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a whole .npy file ({error}). Copy it again. {layout.origin}") from error
    if array.shape != kind.shape:
        raise ValueError(
            f"{path} must have the shape {kind.shape} (channels last), but has {array.shape}. Move the axes, or set "
            f"`data.size` to the resolution of your copy. {layout.origin}"
        )
    if array.dtype.kind not in ("f" if kind.dtype.is_floating_point else "fiu"):
        raise ValueError(
            f"{path} must hold {'floats' if kind.dtype.is_floating_point else 'numbers'}, but holds {array.dtype}. "
            f"Convert it: {kind.folder} lies in [{kind.low:g}, {kind.high:g}]."
        )


def check_values(array: Array, path: Path, kind: ArrayMap) -> None:
    """Refuse a map whose values are none of its kind.

    Args:
        array: What the file holds.
        path: The file, for the message.
        kind: What it must hold.

    Raises:
        ValueError: If a value is NaN or out of range, a class no whole number, or most directions have another length
            than 1.

    Example:
        >>> kind = ArrayMap("depth", (2, 3, 1), torch.float32, low=0, high=100)
        >>> check_values(np.full((2, 3, 1), -1.0), Path("depth/7.npy"), kind)
        Traceback (most recent call last):
        ValueError: depth/7.npy must lie in [0, 100], but lies in [-1, -1]. Rescale it; 0 is what is not known.
    """
    low, high = array.min(), array.max()
    if not kind.low - kind.slack <= low <= high <= kind.high + kind.slack:
        advice = "Rescale it; 0" if kind.dtype.is_floating_point else "Number the classes from 0; -1"
        raise ValueError(
            f"{path} must lie in [{kind.low:g}, {kind.high:g}], but lies in [{low:g}, {high:g}]. "
            f"{advice} is what is not known."
        )
    is_class = not kind.dtype.is_floating_point
    if is_class and array.dtype.kind == "f" and (array != np.rint(array)).any():
        raise ValueError(
            f"{path} must hold whole numbers, the classes, but has fractions. Resize labels by nearest pixel."
        )
    if kind.is_direction:
        _check_lengths(array, path)


def _check_lengths(array: Array, path: Path) -> None:
    # Of one pixel in 256: those of all would cost more than the file. The median: what was interpolated is shorter
    # at edges.
    lengths = np.linalg.norm(array[::16, ::16], axis=-1)
    typical = np.median(lengths[lengths > 0]) if lengths.any() else 1.0
    if abs(typical - 1) > 0.1:
        raise ValueError(
            f"{path} must hold vectors of length 1, or 0 where they are not known, but they have the median length "
            f"{typical:.3g}. Divide each by its length."
        )
