"""CityScapes as published with MTAN: 2975 training and 500 test images, 7 classes and inverse depth."""

from pathlib import Path
from tempfile import gettempdir

import torch
from typing_extensions import override

from lightning_go4align.benchmarks.cityscapes.model import OUTPUTS
from lightning_go4align.benchmarks.dense_prediction.arrays import Storage, from_disk
from lightning_go4align.benchmarks.dense_prediction.augmentation import ZoomAndFlip
from lightning_go4align.benchmarks.dense_prediction.data import DensePredictionData
from lightning_go4align.benchmarks.dense_prediction.generated import disparity, write_scenes
from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap, Layout

ORIGIN = (
    "Get the preprocessed arrays (128x256) that the repository lorenmt/mtan links to and point `data.root` to the "
    "folder with train/ and val/."
)


def cityscapes_layout(size: tuple[int, int] = (128, 256)) -> Layout:
    """Describe the files: image in [0, 1], labels -1 to 6, normalised disparity (inverse depth, 0 unknown).

    Example:
        >>> cityscapes_layout().maps["segmentation"].folder
        'label_7'
    """
    maps = {
        "image": ArrayMap("image", (*size, 3), torch.float32, 0, 1),
        "segmentation": ArrayMap("label_7", size, torch.int64, -1, OUTPUTS["segmentation"] - 1),
        "depth": ArrayMap("depth", (*size, 1), torch.float32, 0, 1),
    }
    return Layout("CityScapes", maps, ORIGIN)


class CityScapesData(DensePredictionData):
    """CityScapes, ``<root>/{train,val}/{image,label_7,depth}/<i>.npy``.

    Args:
        root: Folder that holds ``train`` and ``val``.
        batch_size: Samples a step; 8 in the paper, and the published errors depend on it.
        size: Height and width of the maps, multiples of 32; a release of 256x512 exists, too.
        augmentation: Applied to training batches on their device; none if not given.
        storage: Where the arrays are kept: ``from_disk``, ``memory_mapped`` or ``in_memory``.
        num_workers: Processes that load; 0 loads in the main one.
        pin_memory: Whether batches are staged in page-locked memory, for a faster copy to a GPU.

    Example:
        >>> CityScapesData(root="data/cityscapes").batch_size
        8
    """

    def __init__(
        self,
        root: str = "data/cityscapes",
        batch_size: int = 8,
        size: tuple[int, int] = (128, 256),
        augmentation: ZoomAndFlip | None = None,
        storage: Storage = from_disk,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(cityscapes_layout(size), root, batch_size, augmentation, storage, num_workers, pin_memory)


class GeneratedCityScapes(CityScapesData):
    """Made-up scenes written in the layout of CityScapes and read by the same code: for demo and tests.

    Args:
        num_train: Number of training scenes.
        num_test: Number of test scenes.
        cache: Folder for the files; one in the system's temporary folder if not given.
        batch_size: Samples a step.
        size: Height and width of the scenes, multiples of 32.
        augmentation: Applied to training batches on their device; none if not given.

    Example:
        >>> data = GeneratedCityScapes(num_train=2, num_test=1, size=(32, 32))
        >>> data.prepare_data()
        >>> data.setup("fit")
        >>> len(data.train_set)
        2
    """

    def __init__(
        self,
        num_train: int = 64,
        num_test: int = 16,
        cache: str | None = None,
        batch_size: int = 8,
        size: tuple[int, int] = (64, 128),
        augmentation: ZoomAndFlip | None = None,
    ) -> None:
        self.samples = {"train": num_train, "val": num_test}
        name = f"cityscapes-{num_train}-{num_test}-{size[0]}x{size[1]}"
        root = Path(cache or Path(gettempdir(), "lightning_go4align"), name)
        super().__init__(str(root), batch_size, size, augmentation)

    @override
    def prepare_data(self) -> None:
        write_scenes(self.root, self.layout, self.samples, disparity)
