"""The data module behind NYUv2 and CityScapes."""

from pathlib import Path

from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.arrays import ArrayFolder, Storage
from lightning_go4align.benchmarks.dense_prediction.augmentation import ZoomAndFlip
from lightning_go4align.benchmarks.dense_prediction.layout import Layout

Batch = dict[str, Tensor]


class DensePredictionData(LightningDataModule):
    """Samples of ``<root>/train`` and ``<root>/val``; the latter is the test set, a validation set does not exist.

    Args:
        layout: The maps of the data set.
        root: Folder that holds ``train`` and ``val``.
        batch_size: Samples a step.
        augmentation: Applied to training batches on their device; none if not given.
        storage: Where the arrays are kept: ``from_disk``, ``memory_mapped`` or ``in_memory``.
        num_workers: Processes that load; 0 loads in the main one.
        pin_memory: Whether batches are staged in page-locked memory, for a faster copy to a GPU.

    Example:
        >>> from lightning_go4align.benchmarks.nyuv2.data import NYUv2Data
        >>> NYUv2Data(root="data/nyuv2").layout.name
        'NYUv2'
    """

    def __init__(
        self,
        layout: Layout,
        root: str,
        batch_size: int,
        augmentation: ZoomAndFlip | None,
        storage: Storage,
        num_workers: int,
        pin_memory: bool,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.root = Path(root)
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.storage = storage
        self.num_workers = num_workers
        self.pin_memory = pin_memory

    @override
    def setup(self, stage: str) -> None:
        if stage == "fit":
            self.train_set = ArrayFolder(self.root / "train", self.layout, self.storage)
        self.test_set = ArrayFolder(self.root / "val", self.layout, self.storage)

    @override
    def train_dataloader(self) -> DataLoader[Batch]:
        return self._loader(self.train_set, shuffle=True)

    @override
    def val_dataloader(self) -> DataLoader[Batch]:
        return self._loader(self.test_set, shuffle=False)

    @override
    def test_dataloader(self) -> DataLoader[Batch]:
        return self._loader(self.test_set, shuffle=False)

    @override
    def predict_dataloader(self) -> DataLoader[Batch]:
        return self.test_dataloader()

    def _loader(self, samples: ArrayFolder, shuffle: bool) -> DataLoader[Batch]:
        return DataLoader(
            samples,
            batch_size=self.batch_size,
            shuffle=shuffle,
            num_workers=self.num_workers,
            pin_memory=self.pin_memory,
            persistent_workers=self.num_workers > 0,
        )

    @override
    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        if self.augmentation is None or self.trainer is None or not self.trainer.training:
            return batch
        return self.augmentation(batch)
