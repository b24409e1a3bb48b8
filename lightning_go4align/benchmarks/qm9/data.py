"""QM9 for Lightning: split, normalisation, loaders."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.batches import DenseMolecules
from lightning_go4align.benchmarks.qm9.labels import fraction_of_each, mean_and_deviation, remove_labels
from lightning_go4align.benchmarks.qm9.molecules import check_finite, pad
from lightning_go4align.benchmarks.qm9.sources import QM9Pack, Source
from lightning_go4align.benchmarks.qm9.targets import benchmark_targets
from lightning_go4align.functional.arguments import as_integer


class Split(NamedTuple):
    """Rows of the molecules that each part holds.

    Args:
        test: Rows to test on.
        val: Rows to choose the epoch by.
        train: Rows to train on.

    Example: See :func:`random_split`.
    """

    test: Tensor
    val: Tensor
    train: Tensor


class QM9DataModule(LightningDataModule):
    """QM9 in dense batches, for :class:`~lightning_go4align.benchmarks.qm9.DenseMPNN`.

    A random permutation gives first the test, then the validation, then the training molecules, as in the published
    protocol; there, however, it changes with the seed of a run, and here with ``split_seed`` only.

    Args:
        source: Where the molecules come from; by default the package ``qm9pack``.
        num_train: Training molecules, at least 2; all the rest if not given: 110,831.
        num_val: Validation molecules.
        num_test: Test molecules.
        batch_size: Molecules of a batch; 120 in the paper.
        num_chunks: Parts of a batch that are padded by themselves; changes the speed only. None: on a CPU 4, where
            arithmetic counts; on an accelerator, where launches do, a batch is one part, as wide as the largest of
            all molecules, so that shapes never change.
        split_seed: Seed of the permutation.
        normalise_over: Molecules whose mean and standard deviation normalise the targets. The published numbers
            used ``"all"``, those of validation and test included.
        label_fraction: Share of the training labels that is there, in (0, 1], drawn at random with ``split_seed``:
            one for all targets, or one for each that is named, while the others keep all of theirs. Labels that are
            gone are NaN, also for what normalises the targets. Validation and test have all.

    Raises:
        ValueError: If a ``label_fraction`` is not a share above 0 or its target not one of the 11, and in ``setup``
            if a target is left with fewer than two labels, or a molecule has a target that is no number.

    Example:
        >>> data = QM9DataModule(num_train=4000, num_val=500, num_test=2000, batch_size=32)
        >>> data.batch_size
        32
    """

    def __init__(
        self,
        source: Source | None = None,
        num_train: int | None = None,
        num_val: int = 10_000,
        num_test: int = 10_000,
        batch_size: int = 120,
        num_chunks: int | None = None,
        split_seed: int = 0,
        normalise_over: Literal["train", "all"] = "train",
        label_fraction: float | Mapping[str, float] = 1.0,
    ) -> None:
        super().__init__()
        self.label_fractions = fraction_of_each(label_fraction)
        self.source = QM9Pack() if source is None else source
        self.num_train = None if num_train is None else as_integer("num_train", num_train)
        self.num_val = as_integer("num_val", num_val)
        self.num_test = as_integer("num_test", num_test)
        self.batch_size = as_integer("batch_size", batch_size, least=1)
        self.num_chunks = None if num_chunks is None else as_integer("num_chunks", num_chunks, least=1)
        self.split_seed = as_integer("split_seed", split_seed)
        self.normalise_over = normalise_over

    @override
    def prepare_data(self) -> None:
        self.source.prepare()

    @override
    def setup(self, stage: str) -> None:
        if hasattr(self, "table"):
            return
        molecules = self.source.molecules()
        num_molecules = len(molecules.num_atoms)
        self.rows = random_split(num_molecules, self.num_train, self.num_val, self.num_test, self.split_seed)
        self.targets = benchmark_targets(molecules.targets)
        check_finite(molecules, self.targets)
        if not self.has_all_labels:
            remove_labels(self.targets, self.rows.train, self.label_fractions, self.split_seed)
        self.table = pad(molecules)

    @property
    def has_all_labels(self) -> bool:
        """Whether every training molecule has a label of every target."""
        return min(self.label_fractions) == 1

    @property
    def normalisation(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each target, shapes ``[11]``, in published units; after ``setup``."""
        y = self.targets[self.rows.train] if self.normalise_over == "train" else self.targets
        return mean_and_deviation(y)

    @override
    def train_dataloader(self) -> DataLoader[Any]:
        return self._loader(self.rows.train, shuffle=True)

    @override
    def val_dataloader(self) -> DataLoader[Any]:
        return self._loader(self.rows.val, shuffle=False)

    @override
    def test_dataloader(self) -> DataLoader[Any]:
        return self._loader(self.rows.test, shuffle=False)

    @override
    def predict_dataloader(self) -> DataLoader[Any]:
        return self._loader(self.predicted_rows, shuffle=False)

    @property
    def predicted_rows(self) -> Tensor:
        """Rows of the test molecules in the order of predictions: by size, as the molecules of a batch are."""
        return self.rows.test[self.table.num_atoms[self.rows.test].argsort(stable=True)]

    def _loader(self, rows: Tensor, shuffle: bool) -> DataLoader[Any]:
        num_chunks, full_width = self._layout()
        dataset = DenseMolecules(self.table, self.targets, rows, num_chunks, full_width)
        return DataLoader(dataset, batch_size=self.batch_size, shuffle=shuffle, collate_fn=_as_it_is)

    def _layout(self) -> tuple[int, bool]:
        if self.num_chunks is not None:
            return self.num_chunks, False
        on_cpu = self.trainer is None or self.trainer.strategy.root_device.type == "cpu"
        return (4, False) if on_cpu else (1, True)


def random_split(num_molecules: int, num_train: int | None, num_val: int, num_test: int, seed: int) -> Split:
    """Split molecules at random.

    Args:
        num_molecules: How many there are.
        num_train: How many to train on, at least 2; all the rest if None.
        num_val: How many to validate on.
        num_test: How many to test on.
        seed: Seed of the permutation; nothing else is drawn from or put into torch's generator.

    Returns:
        Disjoint rows.

    Raises:
        ValueError: If there are too few molecules, or a size is too small.

    Example:
        >>> random_split(10, num_train=None, num_val=2, num_test=3, seed=0).train.shape
        torch.Size([5])
    """
    if num_train is None:
        num_train = max(num_molecules - num_val - num_test, 2)
    if num_train < 2 or num_val < 0 or num_test < 0:
        raise ValueError(
            "`data.num_train` must be at least 2, for one molecule has no standard deviation, and `data.num_val` and "
            f"`data.num_test` at least 0, but are {num_train}, {num_val} and {num_test}. Raise them."
        )
    if num_train + num_val + num_test > num_molecules:
        raise ValueError(
            f"{num_train} training, {num_val} validation and {num_test} test molecules are asked for, but there are "
            f"{num_molecules} in all. Lower `data.num_train`, `data.num_val` or `data.num_test`."
        )
    rows = torch.randperm(num_molecules, generator=torch.Generator().manual_seed(seed))
    val, train = num_test + num_val, num_test + num_val + num_train
    return Split(rows[:num_test], rows[num_test:val], rows[val:train])


def _as_it_is(batch: Any) -> Any:
    return batch
