"""NYUv2 as published with MTAN: 795 training and 654 test images, three tasks."""

from pathlib import Path
from tempfile import gettempdir

import torch
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.arrays import Storage, from_disk
from lightning_go4align.benchmarks.dense_prediction.augmentation import ZoomAndFlip
from lightning_go4align.benchmarks.dense_prediction.data import DensePredictionData
from lightning_go4align.benchmarks.dense_prediction.generated import metres, write_scenes
from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap, Layout
from lightning_go4align.benchmarks.nyuv2.model import OUTPUTS

ORIGIN = (
    "Get the preprocessed arrays (288x384) that the repository lorenmt/mtan links to, or convert the Hugging Face "
    "data set tanganke/nyuv2 (channels first there), and point `data.root` to the folder with train/ and val/."
)


def nyuv2_layout(size: tuple[int, int] = (288, 384)) -> Layout:
    """Describe the files: image in [0, 1], labels -1 to 12, depth in metres (0 unknown), unit normals (0 unknown).

    Example:
        >>> nyuv2_layout().maps["normal"].shape
        (288, 384, 3)
    """
    maps = {
        "image": ArrayMap("image", (*size, 3), torch.float32, 0, 1),
        "segmentation": ArrayMap("label", size, torch.int64, -1, OUTPUTS["segmentation"] - 1),
        "depth": ArrayMap("depth", (*size, 1), torch.float32, 0, 100),
        "normal": ArrayMap("normal", (*size, 3), torch.float32, -1.001, 1.001),
    }
    return Layout("NYUv2", maps, ORIGIN)


class NYUv2Data(DensePredictionData):
    """NYUv2, ``<root>/{train,val}/{image,label,depth,normal}/<i>.npy``.

    Args:
        root: Folder that holds ``train`` and ``val``.
        batch_size: Samples a step; 2 in the paper, and the published errors depend on it.
        size: Height and width of the maps, multiples of 32.
        augmentation: Applied to training batches on their device; none if not given.
        storage: Where the arrays are kept: ``from_disk``, ``memory_mapped`` or ``in_memory``.
        num_workers: Processes that load; 0 loads in the main one.
        pin_memory: Whether batches are staged in page-locked memory, for a faster copy to a GPU.

    Example:
        >>> NYUv2Data(root="data/nyuv2").batch_size
        2
    """

    def __init__(
        self,
        root: str = "data/nyuv2",
        batch_size: int = 2,
        size: tuple[int, int] = (288, 384),
        augmentation: ZoomAndFlip | None = None,
        storage: Storage = from_disk,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(nyuv2_layout(size), root, batch_size, augmentation, storage, num_workers, pin_memory)


class GeneratedNYUv2(NYUv2Data):
    """Made-up scenes written in the layout of NYUv2 and read by the same code: for demo and tests.

    Args:
        num_train: Number of training scenes.
        num_test: Number of test scenes.
        cache: Folder for the files; one in the system's temporary folder if not given.
        batch_size: Samples a step.
        size: Height and width of the scenes, multiples of 32.
        augmentation: Applied to training batches on their device; none if not given.

    Example:
        >>> data = GeneratedNYUv2(num_train=2, num_test=1, size=(32, 32))
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
        batch_size: int = 2,
        size: tuple[int, int] = (96, 128),
        augmentation: ZoomAndFlip | None = None,
    ) -> None:
        self.samples = {"train": num_train, "val": num_test}
        name = f"nyuv2-{num_train}-{num_test}-{size[0]}x{size[1]}"
        root = Path(cache or Path(gettempdir(), "lightning_go4align"), name)
        super().__init__(str(root), batch_size, size, augmentation)

    @override
    def prepare_data(self) -> None:
        write_scenes(self.root, self.layout, self.samples, metres)
