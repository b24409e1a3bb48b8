"""The data module behind NYUv2 and CityScapes."""

from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import ClassVar, NamedTuple

from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.arrays import ArrayFolder, Storage, from_disk
from lightning_go4align.benchmarks.dense_prediction.augmentation import ZoomAndFlip
from lightning_go4align.benchmarks.dense_prediction.generated import write_scenes
from lightning_go4align.benchmarks.dense_prediction.layout import Array, Layout
from lightning_go4align.functional.arguments import as_integer

Batch = dict[str, Tensor]
Size = tuple[int, int]


class DataSet(NamedTuple):
    """What tells one data set from another.

    Args:
        layout: Describes its files for a height and width of the maps.
        root: Where they usually are.
        batch_size: Samples per step in the paper.
        size: Height and width of the published maps.
        generated_size: Height and width of made-up scenes.
        depth_of: What the files hold for a distance in metres.
    """

    layout: Callable[[Size], Layout]
    root: str
    batch_size: int
    size: Size
    generated_size: Size
    depth_of: Callable[[Array], Array]


class DensePredictionData(LightningDataModule):
    """Samples of ``<root>/train`` and ``<root>/val``; the latter is the test set, a validation set does not exist.

    A subclass names its ``data_set``.

    Args:
        root: Folder that holds ``train`` and ``val``; ``data/<benchmark>`` if not given.
        batch_size: Samples per step; the paper's if not given, 2 on NYUv2 and 8 on CityScapes, on which the published
            errors depend.
        size: Height and width of the maps, multiples of 32; those of the published arrays if not given, 288x384 of
            NYUv2 and 128x256 of CityScapes, of which a release of 256x512 exists, too.
        augmentation: Applied to training batches on their device; none if not given.
        storage: Where the arrays are kept: ``from_disk``, ``memory_mapped`` or ``in_memory``.
        num_workers: Processes that load; 0 loads in the main one.
        pin_memory: Whether batches are staged in page-locked memory, for a faster copy to a GPU.

    Example:
        >>> from lightning_go4align.benchmarks.nyuv2.data import NYUv2Data
        >>> NYUv2Data(root="data/nyuv2").layout.name
        'NYUv2'
    """

    data_set: ClassVar[DataSet]

    def __init__(
        self,
        root: str | None = None,
        batch_size: int | None = None,
        size: Size | None = None,
        augmentation: ZoomAndFlip | None = None,
        storage: Storage = from_disk,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__()
        self.layout = self.data_set.layout(size or self.data_set.size)
        self.root = Path(self.data_set.root if root is None else root)
        given = self.data_set.batch_size if batch_size is None else batch_size
        self.batch_size = as_integer("batch_size", given, least=1)
        self.augmentation = augmentation
        self.storage = storage
        self.num_workers = as_integer("num_workers", num_workers, least=0)
        self.pin_memory = bool(pin_memory)

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


class GeneratedData(DensePredictionData):
    """Made-up scenes, written in the layout of a data set and read by the same code: for demo and tests.

    A subclass derives from the data set's class, too.

    Args:
        num_train: Number of training scenes.
        num_test: Number of test scenes.
        cache: Folder for the files; one in the system's temporary folder if not given.
        batch_size: Samples per step; the paper's if not given.
        size: Height and width of the scenes, multiples of 32; 96x128 of NYUv2 and 64x128 of CityScapes if not given.
        augmentation: Applied to training batches on their device; none if not given.

    Example:
        >>> from lightning_go4align.benchmarks.nyuv2.data import GeneratedNYUv2
        >>> isinstance(GeneratedNYUv2(num_train=2, num_test=1), GeneratedData)
        True
    """

    made_up = True

    def __init__(
        self,
        num_train: int = 64,
        num_test: int = 16,
        cache: str | None = None,
        batch_size: int | None = None,
        size: Size | None = None,
        augmentation: ZoomAndFlip | None = None,
    ) -> None:
        height, width = size or self.data_set.generated_size
        num_train, num_test = as_integer("num_train", num_train, least=0), as_integer("num_test", num_test, least=0)
        self.samples = {"train": num_train, "val": num_test}
        name = f"{Path(self.data_set.root).name}-{num_train}-{num_test}-{height}x{width}"
        root = Path(cache or Path(gettempdir(), "lightning_go4align"), name)
        super().__init__(str(root), batch_size, (height, width), augmentation)

    @override
    def prepare_data(self) -> None:
        write_scenes(self.root, self.layout, self.samples, self.data_set.depth_of)
