"""CelebA: 162,770 training, 19,867 validation and 19,962 test photographs with 40 binary attributes."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from typing_extensions import override

from lightning_go4align.benchmarks.celeba.annotations import (
    SPLITS,
    check_images,
    read_attributes,
    read_partition,
)
from lightning_go4align.benchmarks.celeba.images import DecodedImages, Pixels, pack, packed_images
from lightning_go4align.functional.arguments import as_integer

Batch = dict[str, Tensor]
IMAGES = "Img/img_align_celeba"


class CelebASplit(Dataset[Batch]):
    """Images, as bytes, and attributes of one split.

    Args:
        images: Photographs, each of shape ``[3, 64, 64]``.
        attributes: Their attributes, shape ``[N, 40]``, bool.

    Example:
        >>> split = CelebASplit(np.zeros((1, 3, 64, 64), np.uint8), torch.ones(1, 40, dtype=torch.bool))
        >>> split[0]["image"].dtype
        torch.uint8
    """

    def __init__(self, images: DecodedImages | Pixels, attributes: Tensor) -> None:
        self.images = images
        self.attributes = attributes

    def __len__(self) -> int:
        return len(self.attributes)

    @override
    def __getitem__(self, index: int) -> Batch:
        return {"image": torch.from_numpy(np.array(self.images[index])), "attributes": self.attributes[index]}


class CelebAData(LightningDataModule):
    """CelebA: ``Eval/list_eval_partition.txt``, ``Anno/list_attr_celeba.txt``, ``Img/img_align_celeba/*.jpg``.

    Images become floats in [0, 1] on the device, without normalisation or augmentation.

    Args:
        root: Folder that holds ``Anno``, ``Eval`` and ``Img``.
        batch_size: Samples a step; 256 in the paper. A last training batch of one sample is left out, for BatchNorm
            cannot take it.
        cache: Folder in which all images are kept decoded, 2.5 GB, and read through a memory map; other names, sizes
            or another order of the image files get files of their own. Decoded anew at each read if not given.
        num_workers: Processes that load; 0 loads in the main one.
        pin_memory: Whether batches are staged in page-locked memory, for a faster copy to a GPU.

    Example:
        >>> CelebAData(root="data/celeba").batch_size
        256
    """

    def __init__(
        self,
        root: str = "data/celeba",
        batch_size: int = 256,
        cache: str | None = None,
        num_workers: int = 2,
        pin_memory: bool = False,
    ) -> None:
        super().__init__()
        self.root = Path(root)
        self.batch_size = as_integer("batch_size", batch_size, least=1)
        self.cache = None if cache is None else Path(cache)
        self.num_workers = as_integer("num_workers", num_workers, least=0)
        self.pin_memory = bool(pin_memory)
        self.splits: dict[str, CelebASplit] = {}

    @override
    def prepare_data(self) -> None:
        if self.cache is not None:
            partition, _ = self._annotations()
            for split, names in partition.items():
                pack(self._decoded(names), self._packed(self.cache, split, names), self.num_workers)

    @override
    def setup(self, stage: str) -> None:
        if self.splits:
            return
        partition, attributes = self._annotations()
        for split, names in partition.items():
            labels = torch.stack([attributes[name] for name in names])
            self.splits[split] = CelebASplit(self._images(split, names), labels)

    def _annotations(self) -> tuple[dict[str, list[str]], dict[str, Tensor]]:
        partition = read_partition(self.root / "Eval/list_eval_partition.txt")
        attributes = read_attributes(self.root / "Anno/list_attr_celeba.txt")
        names = [name for split in SPLITS for name in partition[split]]
        check_images(self.root / IMAGES, names, attributes)
        return partition, attributes

    def _decoded(self, names: list[str]) -> DecodedImages:
        return DecodedImages([self.root / IMAGES / name for name in names])

    def _images(self, split: str, names: list[str]) -> DecodedImages | Pixels:
        if self.cache is None:
            return self._decoded(names)
        return packed_images(self._packed(self.cache, split, names), len(names))

    def _packed(self, cache: Path, split: str, names: list[str]) -> Path:
        files = [f"{name} {(self.root / IMAGES / name).stat().st_size}\n" for name in names]
        return cache / f"{split}-{sha256(''.join(files).encode()).hexdigest()[:16]}.npy"

    @override
    def train_dataloader(self) -> DataLoader[Batch]:
        return self._loader("train", shuffle=True)

    @override
    def val_dataloader(self) -> DataLoader[Batch]:
        return self._loader("val", shuffle=False)

    @override
    def test_dataloader(self) -> DataLoader[Batch]:
        return self._loader("test", shuffle=False)

    @override
    def predict_dataloader(self) -> DataLoader[Batch]:
        return self.test_dataloader()

    def _loader(self, split: str, shuffle: bool) -> DataLoader[Batch]:
        num_images = len(self.splits[split])
        return DataLoader(
            self.splits[split],
            batch_size=self.batch_size,
            shuffle=shuffle,
            drop_last=shuffle and 1 < self.batch_size < num_images and num_images % self.batch_size == 1,
            num_workers=self.num_workers,
            pin_memory=self.pin_memory,
            persistent_workers=self.num_workers > 0,
        )

    @override
    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        return {"image": batch["image"].float() / 255, "attributes": batch["attributes"]}
