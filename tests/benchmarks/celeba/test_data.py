import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_go4align.benchmarks.celeba.images import DecodedImages


def test_splits_follow_the_partition_file(celeba):
    data = celeba.data()
    data.setup("fit")
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 6, "val": 3, "test": 2}


def test_attributes_are_those_of_the_image_whatever_the_order_of_the_file(celeba):
    count, header, *lines = celeba.attributes.read_text().splitlines()
    celeba.attributes.write_text("\n".join([count, header, *reversed(lines), ""]))
    data = celeba.data()
    data.setup("fit")
    line = next(line for line in lines if line.startswith("000007.jpg"))  # the first of validation
    assert data.splits["val"].attributes[0].tolist() == [value == "1" for value in line.split()[1:]]


def test_images_are_resized_to_64_by_64_in_zero_to_one(celeba):
    data = celeba.data()
    data.setup("fit")
    batch = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    with Image.open(celeba.images / "000007.jpg") as image:
        expected = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)) / 255
    torch.testing.assert_close(
        batch["image"][0].movedim(0, -1).double(), torch.from_numpy(expected), atol=1e-7, rtol=0
    )


def test_the_decoded_cache_gives_the_same_batches(celeba, tmp_path):
    decoded, cached = celeba.data(), celeba.data(cache=str(tmp_path / "cache"))
    for data in (decoded, cached):
        data.prepare_data()
        data.setup("test")
    batches = zip(decoded.test_dataloader(), cached.test_dataloader(), strict=True)
    assert all(torch.equal(first[name], second[name]) for first, second in batches for name in first)


def test_the_cache_is_read_without_the_images(celeba, tmp_path, monkeypatch):
    data = celeba.data(cache=str(tmp_path / "cache"))
    data.prepare_data()
    data.setup("fit")
    monkeypatch.setattr(DecodedImages, "__getitem__", None)
    assert next(iter(data.train_dataloader()))["image"].shape == (4, 3, 64, 64)


def test_a_cache_of_another_partition_is_refused(celeba, tmp_path):
    celeba.data(cache=str(tmp_path / "cache")).prepare_data()
    celeba.partition.write_text(celeba.partition.read_text().replace("000006.jpg 0", "000006.jpg 1"))
    with pytest.raises(ValueError, match=r"must hold 5 images .* Delete it to have it made anew"):
        celeba.data(cache=str(tmp_path / "cache")).setup("fit")


def replace(path, old, new):
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
def test_a_damaged_folder_is_refused_with_the_file_and_what_was_expected(celeba, damage, error, advice):
    damage(celeba)
    with pytest.raises(error, match=advice):
        celeba.data().setup("fit")
