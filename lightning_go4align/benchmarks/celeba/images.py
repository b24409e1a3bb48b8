"""CelebA's photographs as 64x64 arrays: decoded at each read, or once for all into a memory-mapped file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from typing_extensions import override

from lightning_go4align.atomic_write import atomic_write

SIDE = 64
Pixels = npt.NDArray[np.uint8]


class DecodedImages(Dataset[Pixels]):
    """Photographs read from their files each time, resized to 64x64 by PIL's bilinear filter; aspect is not kept.

    Args:
        paths: One image file an element.

    Raises:
        OSError: When an image is read whose file is missing, no image or cut off.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "000001.jpg")
        >>> Image.new("RGB", (178, 218)).save(path)
        >>> DecodedImages([path])[0].shape
        (3, 64, 64)
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    @override
    def __getitem__(self, index: int) -> Pixels:
        try:
            with Image.open(self.paths[index]) as image:
                pixels = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        except OSError as error:  # PIL names no file that ends too early.
            raise OSError(f"{self.paths[index]} is not a whole image ({error}). Copy it again.") from error
        return np.moveaxis(np.array(pixels), -1, 0)


def pack(images: DecodedImages, path: Path, num_workers: int = 0) -> None:
    """Decode all images into one ``.npy`` file, unless it is there: 2.5 GB for all of CelebA.

    Args:
        images: What to decode.
        path: The file to write; it appears when it is complete.
        num_workers: Processes that decode.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> Image.new("RGB", (178, 218)).save(folder / "000001.jpg")
        >>> pack(DecodedImages([folder / "000001.jpg"]), folder / "train.npy")
        >>> packed_images(folder / "train.npy", 1).shape
        (1, 3, 64, 64)
    """
    if path.is_file():
        return
    with atomic_write(path) as unfinished:
        shape = (len(images), 3, SIDE, SIDE)
        packed = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
        start = 0
        for batch in DataLoader(images, batch_size=256, num_workers=num_workers):
            packed[start : start + len(batch)] = batch.numpy()
            start += len(batch)
        packed.flush()


def packed_images(path: Path, count: int) -> Pixels:
    """Open a file of :func:`pack` as a memory map.

    Args:
        path: The file.
        count: Number of images that it must hold.

    Returns:
        The images, shape ``[count, 3, 64, 64]``, read when they are asked for.

    Raises:
        ValueError: If the file holds another number of images.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "train.npy")
        >>> np.save(path, np.zeros((2, 3, 64, 64), np.uint8))
        >>> packed_images(path, 3)
        Traceback (most recent call last):
        ValueError: ...train.npy must hold 3 images ... but has the shape (2, 3, 64, 64). Delete it to have it
        made anew.
    """
    images: Any = np.load(path, mmap_mode="r")
    if images.shape != (count, 3, SIDE, SIDE):
        raise ValueError(
            f"{path} must hold {count} images of 3x{SIDE}x{SIDE}, but has the shape {images.shape}. "
            "Delete it to have it made anew."
        )
    packed: Pixels = images
    return packed
