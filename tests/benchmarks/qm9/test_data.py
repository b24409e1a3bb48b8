from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning import Trainer

from lightning_go4align.benchmarks.qm9 import QM9DataModule, QM9Pack
from lightning_go4align.benchmarks.qm9.data import random_split
from lightning_go4align.benchmarks.qm9.graphs import QM9GraphDataModule
from lightning_go4align.benchmarks.qm9.molecules import Molecules


@pytest.fixture
def make_data(small_qm9pack: Path, tmp_path: Path) -> Callable[..., QM9DataModule]:
    def make(kind: type[QM9DataModule] = QM9DataModule, **settings: Any) -> QM9DataModule:
        sizes = {"num_train": 150, "num_val": 30, "num_test": 40, "batch_size": 16}
        data = kind(QM9Pack(tmp_path), **{**sizes, **settings})
        data.prepare_data()
        data.setup("fit")
        return data

    return make


def test_split_has_no_molecule_twice() -> None:
    rows = torch.cat(random_split(130_831, None, 10_000, 10_000, seed=0))
    assert torch.equal(rows.sort().values, torch.arange(130_831))


def test_published_sizes_leave_110_831_molecules_to_train_on() -> None:
    assert len(random_split(130_831, None, 10_000, 10_000, seed=0).train) == 110_831


def test_split_does_not_change_with_the_seed_of_a_run() -> None:
    torch.manual_seed(1)
    first = random_split(100, 50, 10, 10, seed=0)
    torch.manual_seed(2)
    assert all(map(torch.equal, first, random_split(100, 50, 10, 10, seed=0)))


def test_split_changes_with_its_own_seed() -> None:
    assert not torch.equal(random_split(100, 50, 10, 10, seed=0).test, random_split(100, 50, 10, 10, seed=1).test)


def test_smaller_training_set_is_part_of_the_larger() -> None:
    small, large = (random_split(100, size, 10, 10, seed=0).train for size in (20, 50))
    assert torch.equal(small, large[:20])


def test_too_few_molecules_are_told(make_data: Callable[..., QM9DataModule]) -> None:
    with pytest.raises(ValueError, match=r"there are 240 in all. Lower `data.num_train`"):
        make_data(num_train=200)


@pytest.mark.parametrize("part", ["targets", "positions"])
def test_molecules_of_any_source_that_are_no_numbers_are_refused(molecules: Molecules, part: str) -> None:
    given = molecules._replace(targets=molecules.targets.clone(), positions=molecules.positions.clone())
    given.targets[3, 4] = torch.nan  # the gap, which is no target of the benchmark
    row = 7 if part == "targets" else int(molecules.num_atoms[:7].sum())
    getattr(given, part)[row, 0] = getattr(given, part)[-1, 0] = torch.nan
    source = SimpleNamespace(prepare=lambda: None, molecules=lambda: given)
    data = QM9DataModule(source, num_train=150, num_val=30, num_test=40)
    with pytest.raises(ValueError, match=r"Molecule 7 \(from 0\) of `data.source` .* 1 more have. Leave them out"):
        data.setup("fit")


@pytest.mark.parametrize("sizes", [{"num_train": 1}, {"num_val": -5}, {"num_test": -1}], ids=str)
def test_sizes_that_no_split_has_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"`data.num_train` must be at least 2, .* but are"):
        random_split(100, **{"num_train": 50, "num_val": 10, "num_test": 10, **sizes}, seed=0)


@pytest.mark.parametrize(("over", "sees_the_test"), [("train", False), ("all", True)])
def test_targets_are_normalised_over_the_molecules_that_were_named(
    make_data: Callable[..., QM9DataModule], over: str, sees_the_test: bool
) -> None:
    data = make_data(normalise_over=over)
    before, _ = data.normalisation
    data.targets[data.rows.test] = 1e6
    after, _ = data.normalisation
    assert torch.equal(before, after) != sees_the_test


def test_normalised_training_targets_have_mean_0_and_deviation_1(make_data: Callable[..., QM9DataModule]) -> None:
    data = make_data()
    mean, std = data.normalisation
    y = (torch.cat([batch.y for batch in data.train_dataloader()]) - mean) / std
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(11), rtol=0, atol=1e-4)
    torch.testing.assert_close(y.std(dim=0), torch.ones(11), rtol=1e-4, atol=0)


def test_methane_s_targets_are_in_published_units_and_order(make_data: Callable[..., QM9DataModule]) -> None:
    y = make_data().targets[0]
    expected = [0, 13.21, -10549.9, 3186.5, 35.3641, 1217.7, -17172.2, -17286.8, -17389.7, -16151.9, 6.469]
    torch.testing.assert_close(y, torch.tensor(expected), rtol=0, atol=0.06)


def test_epoch_shows_every_training_molecule_once_and_keeps_the_last_batch(
    make_data: Callable[..., QM9DataModule],
) -> None:
    data = make_data()
    batches = [batch.y for batch in data.train_dataloader()]
    assert [len(y) for y in batches] == [16] * 9 + [6]
    expected = data.targets[data.rows.train]
    assert torch.equal(torch.cat(batches)[:, 1].sort().values, expected[:, 1].sort().values)


def test_graphs_are_the_same_molecules(make_data: Callable[..., QM9DataModule]) -> None:
    dense, graphs = make_data(), make_data(QM9GraphDataModule)
    y = torch.cat([batch.y for batch in graphs.test_dataloader()])
    assert torch.equal(y, dense.targets[dense.rows.test])
    assert sum(len(batch.x) for batch in graphs.test_dataloader()) == sum(
        int(chunk.mask.sum()) for batch in dense.test_dataloader() for chunk in batch.chunks
    )


@pytest.mark.parametrize(("device", "chunks"), [("cpu", 4), ("meta", 1)])
def test_number_of_chunks_follows_the_device(
    make_data: Any, monkeypatch: pytest.MonkeyPatch, device: str, chunks: int
) -> None:
    data = make_data()
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    monkeypatch.setattr(type(trainer.strategy), "root_device", torch.device(device))
    data.trainer = trainer
    shapes = {tuple(tuple(chunk.mask.shape) for chunk in batch.chunks) for batch in data.train_dataloader()}
    assert max(len(shape) for shape in shapes) == chunks
    if device != "cpu":  # One shape, and that of the last batch, 150 molecules in batches of 16.
        widest = data.table.features.shape[1]
        assert shapes == {((16, widest),), ((6, widest),)}
