import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from lightning_go4align.benchmarks.dense_prediction.arrays import (
    ArrayFolder,
    from_disk,
    in_memory,
    memory_mapped,
)
from lightning_go4align.benchmarks.dense_prediction.layout import array_paths


def opened(data: SimpleNamespace) -> ArrayFolder:
    return ArrayFolder(data.root / "train", data.layout)


def test_nyuv2_maps_are_read_channel_first_in_float32_and_labels_as_integers(nyuv2: SimpleNamespace) -> None:
    sample = opened(nyuv2)[0]
    assert {name: (tuple(maps.shape), maps.dtype) for name, maps in sample.items()} == {
        "image": ((3, 32, 64), torch.float32),
        "segmentation": ((32, 64), torch.int64),
        "depth": ((1, 32, 64), torch.float32),
        "normal": ((3, 32, 64), torch.float32),
    }


def test_cityscapes_reads_the_seven_classes_and_disparity(cityscapes: SimpleNamespace) -> None:
    maps = [opened(cityscapes)[i] for i in range(3)]
    labels = torch.stack([sample["segmentation"] for sample in maps])
    depth = torch.stack([sample["depth"] for sample in maps])
    assert (labels.min().item(), labels.max().item() <= 6, 0 < depth.max().item() <= 0.5) == (-1, True, True)


def test_files_are_taken_in_the_order_of_their_numbers(tmp_path: Path, nyuv2: SimpleNamespace) -> None:
    for i in range(5, 12):  # 10.npy sorts before 2.npy as text
        for folder in ("image", "label", "depth", "normal"):
            shutil.copy(nyuv2.root / f"train/{folder}/0.npy", nyuv2.root / f"train/{folder}/{i}.npy")
    paths = array_paths(nyuv2.root / "train", nyuv2.layout)["image"]
    assert [path.name for path in paths] == [f"{i}.npy" for i in range(12)]


@pytest.mark.parametrize("storage", [memory_mapped, in_memory])
def test_storage_does_not_change_a_sample(nyuv2: SimpleNamespace, storage: Callable[..., Any]) -> None:
    read, stored = (ArrayFolder(nyuv2.root / "val", nyuv2.layout, kind) for kind in (from_disk, storage))
    assert all(torch.equal(read[i][name], stored[i][name]) for i in range(3) for name in read[i])


def test_a_sample_can_be_changed_without_changing_the_next_read(nyuv2: SimpleNamespace) -> None:
    data = ArrayFolder(nyuv2.root / "val", nyuv2.layout, in_memory)
    first = data[0]["image"].clone()
    data[0]["image"].zero_()
    assert torch.equal(data[0]["image"], first)


def test_float64_files_with_float_labels_are_accepted(nyuv2: SimpleNamespace) -> None:
    for path in (nyuv2.root / "train").glob("*/*.npy"):
        np.save(path, np.load(path).astype(np.float64))
    assert opened(nyuv2)[0]["segmentation"].dtype == torch.int64


def edit(folder: Path, change: Callable[[Any], Any], index: int = 0) -> None:
    path = folder / f"{index}.npy"
    np.save(path, change(np.load(path)))


BROKEN = {
    "no-split": (lambda train: shutil.rmtree(train), FileNotFoundError, "train, which is not there.*lorenmt/mtan"),
    "no-map": (lambda train: shutil.rmtree(train / "depth"), FileNotFoundError, "needs .*depth/0.npy and onwards"),
    "count": (lambda train: (train / "depth/4.npy").unlink(), ValueError, "equally many files.*'depth': 4"),
    "gap": (
        lambda train: (train / "label/2.npy").rename(train / "label/9.npy"),
        FileNotFoundError,
        "label/2.npy is missing: files are numbered from 0 without a gap",
    ),
    "channel-first": (
        lambda train: edit(train / "image", lambda image: np.moveaxis(image, -1, 0)),
        ValueError,
        r"image/0.npy must have the shape \(32, 64, 3\) \(channels last\), but has \(3, 32, 64\)",
    ),
    "bytes": (
        lambda train: edit(train / "image", lambda image: (255 * image).astype(np.uint8)),
        ValueError,
        r"must hold floats, but holds uint8. Convert it: image lies in \[0, 1\]",
    ),
    "range": (
        lambda train: edit(train / "image", lambda image: 255 * image),
        ValueError,
        r"image/0.npy must lie in \[0, 1\], but lies in .* Rescale it; 0 is what is not known",
    ),
    "nan": (
        lambda train: edit(train / "depth", lambda depth: depth * np.nan),
        ValueError,
        "depth/0.npy must lie in",
    ),
    "classes": (
        lambda train: edit(train / "label", lambda label: label + 20),
        ValueError,
        r"label/0.npy must lie in \[-1, 12\], .* Number the classes from 0; -1 is what is not known",
    ),
    "fractions": (
        lambda train: edit(train / "label", lambda label: label / 2),
        ValueError,
        "must hold whole numbers, the classes",
    ),
    "truncated": (
        lambda train: (train / "normal/1.npy").write_bytes((train / "normal/1.npy").read_bytes()[:500]),
        ValueError,
        "normal/1.npy is not a whole .npy file.*Copy it again",
    ),
    "archive": (
        lambda train: (np.savez(train / "an.npz", np.zeros(1)), (train / "an.npz").rename(train / "normal/1.npy")),  # type: ignore[func-returns-value]  # Called for what it does.
        ValueError,
        "normal/1.npy is not a whole .npy file.*Copy it again",
    ),
    "empty-file": (
        lambda train: (train / "normal/1.npy").write_bytes(b""),
        ValueError,
        "normal/1.npy is not a whole .npy file.*Copy it again",
    ),
}


@pytest.mark.parametrize(("damage", "error", "advice"), BROKEN.values(), ids=BROKEN)
def test_a_damaged_folder_is_refused_with_the_file_and_what_was_expected(
    nyuv2: SimpleNamespace, damage: Callable[..., Any], error: type[Exception], advice: str
) -> None:
    damage(nyuv2.root / "train")
    with pytest.raises(error, match=advice):
        opened(nyuv2)


LATER = {
    "ignored-as-255": (
        "label",
        lambda label: np.where(label < 0, 255, label),
        r"in \[-1, 12\], but lies in \[0, 255\]",
    ),
    "fractions": ("label", lambda label: label / 2, "hold whole numbers, the classes"),
    "unknown-as-nan": ("depth", lambda depth: np.where(depth == 0, np.nan, depth), r"in \[0, 100\], .* 0 is what is"),
    "bytes": ("image", lambda image: 255 * image, r"lie in \[0, 1\], but lies in .* Rescale it"),
    "short": ("normal", lambda normal: normal / 2, "vectors of length 1, .* median length 0.5. Divide each"),
}


@pytest.mark.parametrize(("folder", "change", "advice"), LATER.values(), ids=LATER)
@pytest.mark.parametrize("storage", [from_disk, memory_mapped, in_memory])
def test_wrong_values_of_any_file_are_refused_with_its_name_when_it_is_read(
    nyuv2: SimpleNamespace, storage: Any, folder: str, change: Callable[[Any], Any], advice: str
) -> None:
    edit(nyuv2.root / "train" / folder, change, index=1)
    samples = ArrayFolder(nyuv2.root / "train", nyuv2.layout, storage)
    assert set(samples[0]) == set(samples.maps)
    with pytest.raises(ValueError, match=f"{folder}/1.npy must .*{advice}"):
        samples[1]


def test_a_worker_passes_on_which_file_is_wrong(cityscapes: SimpleNamespace) -> None:
    edit(cityscapes.root / "train/depth", lambda depth: depth + 1, index=2)
    with pytest.raises(
        ValueError, match=r"DataLoader worker[\s\S]*depth/2.npy must lie in \[0, 1\], but lies in \[1, "
    ):
        list(DataLoader(opened(cityscapes), num_workers=1))


def test_rounding_and_unknown_pixels_are_no_wrong_values(nyuv2: SimpleNamespace) -> None:
    edit(nyuv2.root / "train/image", lambda image: np.where(image > 0.5, np.float32(1 + 1e-6), image))
    edit(nyuv2.root / "train/normal", lambda normal: np.round(127.5 * normal) / 127.5)  # as in 8 bits
    edit(nyuv2.root / "train/normal", np.zeros_like, index=1)
    edit(nyuv2.root / "train/depth", np.zeros_like, index=1)
    edit(nyuv2.root / "train/label", lambda label: np.full_like(label, -1), index=1)
    assert len([opened(nyuv2)[index] for index in range(5)]) == 5
