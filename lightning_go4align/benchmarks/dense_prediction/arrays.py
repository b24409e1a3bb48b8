"""Folders of numbered ``.npy`` files as a map-style data set: read from disk, mapped, or held in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.layout import Array, Layout, array_paths, check_values

Storage = Callable[[Sequence[Path]], Sequence[Array]]


class LazyArrays(Sequence[Array]):
    """Arrays read from their files each time.

    Args:
        paths: One ``.npy`` file an element.
        mmap_mode: numpy's; with ``"r"`` processes share the pages of the file.

    Example:
        >>> len(LazyArrays([Path("0.npy"), Path("1.npy")]))
        2
    """

    def __init__(self, paths: Sequence[Path], mmap_mode: Literal["r"] | None = None) -> None:
        self.paths = paths
        self.mmap_mode: Literal["r"] | None = mmap_mode

    @override
    def __len__(self) -> int:
        return len(self.paths)

    @override
    def __getitem__(self, index: Any) -> Any:
        return np.load(self.paths[index], mmap_mode=self.mmap_mode)


def from_disk(paths: Sequence[Path]) -> Sequence[Array]:
    """Read each file when it is asked for.

    Example:
        >>> len(from_disk([Path("0.npy")]))
        1
    """
    return LazyArrays(paths)


def memory_mapped(paths: Sequence[Path]) -> Sequence[Array]:
    """Map each file into memory when it is asked for.

    Example:
        >>> len(memory_mapped([Path("0.npy")]))
        1
    """
    return LazyArrays(paths, mmap_mode="r")


def in_memory(paths: Sequence[Path]) -> Sequence[Array]:
    """Read all files at once; in float32 NYUv2's training maps take 2.8 GB and CityScapes' 2.0 GB.

    Example:
        >>> in_memory([])
        []
    """
    return [np.load(path) for path in paths]


class ArrayFolder(Dataset[dict[str, Tensor]]):
    """The samples of one split, maps channel first; files are checked when opened, values when read.

    Args:
        folder: ``<root>/<split>``.
        layout: Maps to read, by the names they get in a sample. What is refused: see :func:`array_paths` and
            :func:`check_values`.
        storage: :func:`from_disk`, :func:`memory_mapped` or :func:`in_memory`.

    Example:
        >>> import tempfile
        >>> from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "depth").mkdir()
        >>> np.save(folder / "depth/0.npy", np.ones((2, 3, 1)))
        >>> layout = Layout("Tiny", {"depth": ArrayMap("depth", (2, 3, 1), torch.float32, 0, 100)}, origin="")
        >>> ArrayFolder(folder, layout)[0]["depth"].shape
        torch.Size([1, 2, 3])
    """

    def __init__(self, folder: Path, layout: Layout, storage: Storage = from_disk) -> None:
        self.maps = layout.maps
        self.paths = array_paths(folder, layout)
        self.arrays = {name: storage(paths) for name, paths in self.paths.items()}

    def __len__(self) -> int:
        return min(map(len, self.arrays.values()))

    @override
    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: self._read(name, index) for name in self.arrays}

    def _read(self, name: str, index: int) -> Tensor:
        array, kind = self.arrays[name][index], self.maps[name]
        check_values(array, self.paths[name][index], kind)
        return _tensor(array, kind.dtype)


def _tensor(array: Array, dtype: torch.dtype) -> Tensor:
    tensor = torch.from_numpy(np.array(array)).to(dtype)  # a copy: a mapped file cannot be written to
    return tensor.movedim(-1, 0) if tensor.dim() == 3 else tensor
