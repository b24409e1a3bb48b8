import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_go4align.benchmarks.celeba import generated
from lightning_go4align.benchmarks.celeba.images import DecodedImages, pack, packed_images


def test_splits_follow_the_partition_file(celeba: SimpleNamespace) -> None:
    data = celeba.data()
    data.setup("fit")
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 6, "val": 3, "test": 2}


def test_attributes_are_those_of_the_image_whatever_the_order_of_the_file(celeba: SimpleNamespace) -> None:
    count, header, *lines = celeba.attributes.read_text().splitlines()
    celeba.attributes.write_text("\n".join([count, header, *reversed(lines), ""]))
    data = celeba.data()
    data.setup("fit")
    line = next(line for line in lines if line.startswith("000007.jpg"))  # the first of validation
    assert data.splits["val"].attributes[0].tolist() == [value == "1" for value in line.split()[1:]]


def test_images_are_resized_to_64_by_64_in_zero_to_one(celeba: SimpleNamespace) -> None:
    data = celeba.data()
    data.setup("fit")
    batch = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    with Image.open(celeba.images / "000007.jpg") as image:
        expected = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)) / 255
    torch.testing.assert_close(
        batch["image"][0].movedim(0, -1).double(), torch.from_numpy(expected), atol=1e-7, rtol=0
    )


def test_the_decoded_cache_gives_the_same_batches(celeba: SimpleNamespace, tmp_path: Path) -> None:
    decoded, cached = celeba.data(), celeba.data(cache=str(tmp_path / "cache"))
    for data in (decoded, cached):
        data.prepare_data()
        data.setup("test")
    batches = zip(decoded.test_dataloader(), cached.test_dataloader(), strict=True)
    assert all(torch.equal(first[name], second[name]) for first, second in batches for name in first)


def test_the_cache_is_read_without_the_images(
    celeba: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = celeba.data(cache=str(tmp_path / "cache"))
    data.prepare_data()
    data.setup("fit")
    monkeypatch.setattr(DecodedImages, "__getitem__", None)
    assert next(iter(data.train_dataloader()))["image"].shape == (4, 3, 64, 64)


@pytest.mark.parametrize("num_bytes", [900, 10], ids=["cut-off", "no-image"])
@pytest.mark.parametrize("read", [lambda images, path: images[1], pack], ids=["decoded", "packed"])
def test_an_image_that_cannot_be_decoded_is_named(
    celeba: SimpleNamespace, tmp_path: Path, read: Callable[..., Any], num_bytes: int
) -> None:
    images = DecodedImages(sorted(celeba.images.iterdir()))
    images.paths[1].write_bytes(images.paths[1].read_bytes()[:num_bytes])
    with pytest.raises(OSError, match=r"000002.jpg is not a whole image \(.*\)\. Copy it again"):
        read(images, tmp_path / "train.npy")


def reverse_the_partition(celeba: SimpleNamespace) -> None:
    celeba.partition.write_text("\n".join(reversed(celeba.partition.read_text().splitlines())))


def repaint_an_image(celeba: SimpleNamespace) -> None:
    Image.new("RGB", (178, 218)).save(celeba.images / "000001.jpg")


@pytest.mark.parametrize("change", [reverse_the_partition, repaint_an_image])
def test_images_and_attributes_agree_after_the_files_of_a_cache_have_changed(
    celeba: SimpleNamespace, tmp_path: Path, change: Callable[..., Any]
) -> None:
    decoded, cached = celeba.data(), celeba.data(cache=str(tmp_path / "cache"))
    cached.prepare_data()
    change(celeba)
    cached.prepare_data()
    for data in (decoded, cached):
        data.setup("fit")
    samples = zip(decoded.splits["train"], cached.splits["train"], strict=True)
    assert all(torch.equal(first[name], second[name]) for first, second in samples for name in first)


def test_a_cache_of_another_number_of_images_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "train.npy", np.zeros((2, 3, 64, 64), np.uint8))
    with pytest.raises(ValueError, match=r"must hold 3 images .* Delete it to have it made anew"):
        packed_images(tmp_path / "train.npy", 3)


def test_a_second_process_may_write_the_same_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotate = generated._write_annotations
    again = iter([lambda: generated.write_faces(tmp_path / "celeba", [1, 1, 1])])

    def other_process_first(*args: Any) -> None:
        next(again, int)()
        annotate(*args)

    monkeypatch.setattr(generated, "_write_annotations", other_process_first)
    generated.write_faces(tmp_path / "celeba", [1, 1, 1])
    assert [path.name for path in tmp_path.iterdir()] == ["celeba"]


def test_a_second_process_may_pack_the_same_images(celeba: SimpleNamespace, tmp_path: Path) -> None:
    class OtherProcessFirst(DecodedImages):
        def __getitem__(self, index: int) -> Any:
            pack(DecodedImages(self.paths), tmp_path / "cache/train.npy")
            return super().__getitem__(index)

    images = OtherProcessFirst(sorted(celeba.images.iterdir()))
    pack(images, tmp_path / "cache/train.npy")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["train.npy"]
    assert np.array_equal(packed_images(tmp_path / "cache/train.npy", 11), np.stack([*images]))  # type: ignore[misc]  # A dataset that is indexed until it ends.


def replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


BROKEN = {
    "no-partition": (
        lambda celeba: celeba.partition.unlink(),
        FileNotFoundError,
        "needs .*list_eval_partition.txt, which is not there. Get CelebA",
    ),
    "split-3": (
        lambda celeba: replace(celeba.partition, "000002.jpg 0", "000002.jpg 3"),
        ValueError,
        "list_eval_partition.txt, line 2: expected a name and 0, 1 or 2, but found '000002.jpg 3'",
    ),
    "no-test-images": (
        lambda celeba: replace(celeba.partition, "jpg 2", "jpg 1"),
        ValueError,
        "must have images in every split, but has .*'test': 0",
    ),
    "no-attributes": (
        lambda celeba: celeba.attributes.unlink(),
        FileNotFoundError,
        "needs .*list_attr_celeba.txt",
    ),
    "renamed": (
        lambda celeba: replace(celeba.attributes, "Bald", "Hairless"),
        ValueError,
        "line 2: expected the names 5_o_Clock_Shadow",
    ),
    "empty-file": (
        lambda celeba: celeba.attributes.write_text(""),
        ValueError,
        "line 2: expected the names",
    ),
    "fewer-lines": (
        lambda celeba: replace(celeba.attributes, "11\n", "202599\n"),
        ValueError,
        "announces 202599 images, but describes 11",
    ),
    "zero-one": (
        lambda celeba: replace(celeba.attributes, "-1", "0"),
        ValueError,
        "line 3: expected a name and 40 values of 1 and -1",
    ),
    "no-images": (
        lambda celeba: shutil.rmtree(celeba.images),
        FileNotFoundError,
        "expected in .*img_align_celeba, which is not there. Get CelebA",
    ),
    "missing-image": (
        lambda celeba: (celeba.images / "000003.jpg").unlink(),
        FileNotFoundError,
        "000003.jpg is missing, and 0 more",
    ),
    "image-without-attributes": (
        lambda celeba: replace(celeba.attributes, "000005.jpg", "999999.jpg"),
        ValueError,
        "000005.jpg has no attributes",
    ),
}


@pytest.mark.parametrize(("damage", "error", "advice"), BROKEN.values(), ids=BROKEN)
def test_a_damaged_folder_is_refused_with_the_file_and_what_was_expected(
    celeba: SimpleNamespace, damage: Callable[..., Any], error: type[Exception], advice: str
) -> None:
    damage(celeba)
    with pytest.raises(error, match=advice):
        celeba.data().setup("fit")
