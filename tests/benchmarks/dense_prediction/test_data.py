from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lightning_go4align.benchmarks.dense_prediction.arrays import memory_mapped
from lightning_go4align.benchmarks.dense_prediction.generated import disparity, write_scenes


def test_the_last_batch_is_smaller_and_nothing_is_dropped(nyuv2: SimpleNamespace) -> None:
    data = nyuv2.data()
    data.setup("fit")
    assert [len(batch["image"]) for batch in data.train_dataloader()] == [2, 2, 1]


def test_validation_and_test_read_the_same_folder_in_order(nyuv2: SimpleNamespace) -> None:
    data = nyuv2.data()
    data.setup("fit")
    val, test = ([batch["depth"] for batch in loader] for loader in (data.val_dataloader(), data.test_dataloader()))
    assert all(map(torch.equal, val, test))


def test_training_samples_are_shuffled_by_the_global_seed(nyuv2: SimpleNamespace) -> None:
    data = nyuv2.data(batch_size=5)
    data.setup("fit")

    def order(seed: int) -> Any:
        torch.manual_seed(seed)
        return next(iter(data.train_dataloader()))["image"]

    assert (torch.equal(order(1), order(1)), torch.equal(order(1), order(2))) == (True, False)


def test_workers_and_memory_maps_give_the_same_batches(cityscapes: SimpleNamespace) -> None:
    plain, mapped = cityscapes.data(), cityscapes.data(storage=memory_mapped, num_workers=1)
    for data in (plain, mapped):
        data.setup("test")
    batches = zip(plain.test_dataloader(), mapped.test_dataloader(), strict=True)
    assert all(torch.equal(first[name], second[name]) for first, second in batches for name in first)


def test_only_training_data_needs_the_training_folder(cityscapes: SimpleNamespace) -> None:
    (cityscapes.root / "train").rename(cityscapes.root / "elsewhere")
    data = cityscapes.data()
    data.setup("test")
    assert len(data.test_set) == 2


def test_scenes_hold_every_kind_of_unknown_pixel(nyuv2: SimpleNamespace) -> None:
    data = nyuv2.data(batch_size=5)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    unknown = [batch["segmentation"] == -1, batch["depth"] == 0, (batch["normal"] == 0).all(1)]
    assert all(0 < mask.float().mean() < 0.2 for mask in unknown)


def test_scenes_that_exist_are_not_written_again(cityscapes: SimpleNamespace) -> None:
    marker = cityscapes.root / "train/image/0.npy"
    before = marker.stat().st_mtime_ns
    write_scenes(cityscapes.root, cityscapes.layout, {"train": 3, "val": 2}, disparity)
    assert marker.stat().st_mtime_ns == before


def test_a_second_process_may_write_the_same_scenes(cityscapes: SimpleNamespace, tmp_path: Path) -> None:
    root = tmp_path / "new" / "scenes"

    def other_process_first(depth: Any) -> Any:
        write_scenes(root, cityscapes.layout, {"train": 1}, disparity)
        return disparity(depth)

    write_scenes(root, cityscapes.layout, {"train": 1}, other_process_first)
    assert [path.name for path in root.parent.iterdir()] == ["scenes"]


def test_a_failed_writer_leaves_nothing(cityscapes: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_scenes(tmp_path / "new" / "scenes", cityscapes.layout, {"train": 1}, depth_of=None)
    assert not list((tmp_path / "new").iterdir())
