from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from lightning_go4align.benchmarks.dense_prediction.augmentation import (
    ZoomAndFlip,
    divide_by_zoom,
    multiply_by_zoom,
)
from lightning_go4align.benchmarks.dense_prediction.zoom import Zoom, read_linear, read_nearest

SIZE = (24, 36)


def batch_of(samples: int, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "image": torch.rand(samples, 3, *SIZE, generator=generator),
        "segmentation": torch.randint(-1, 13, (samples, *SIZE), generator=generator),
        "depth": torch.rand(samples, 1, *SIZE, generator=generator),
        "normal": normalize(torch.randn(samples, 3, *SIZE, generator=generator), dim=1),
    }


def window(corner: tuple[int, int], crop: tuple[int, int], flipped: bool = False) -> Zoom:
    return Zoom.of(torch.tensor([corner]), torch.tensor([crop]), torch.tensor([flipped]), SIZE)


@pytest.mark.parametrize(("corner", "crop"), [((4, 5), (20, 30)), ((8, 0), (16, 24)), ((0, 0), (24, 36))], ids=str)
def test_linear_reading_equals_torch_on_the_cut_window(corner: tuple[int, int], crop: tuple[int, int]) -> None:
    maps = torch.rand(1, 3, *SIZE)
    cut = maps[..., corner[0] : corner[0] + crop[0], corner[1] : corner[1] + crop[1]]
    expected = interpolate(cut, size=SIZE, mode="bilinear", align_corners=True)
    torch.testing.assert_close(
        read_linear(maps, window(corner, crop)), expected, rtol=0, atol=1e-5
    )  # float32 coordinates up to 36


@pytest.mark.parametrize(("corner", "crop"), [((4, 5), (20, 30)), ((8, 0), (16, 24))], ids=str)
def test_nearest_reading_equals_torch_on_the_cut_window(corner: tuple[int, int], crop: tuple[int, int]) -> None:
    maps = torch.rand(1, 1, *SIZE)
    cut = maps[..., corner[0] : corner[0] + crop[0], corner[1] : corner[1] + crop[1]]
    assert torch.equal(read_nearest(maps, window(corner, crop)), interpolate(cut, size=SIZE, mode="nearest"))


def test_flip_mirrors_the_zoomed_window() -> None:
    maps = torch.rand(1, 3, *SIZE)
    expected = read_linear(maps, window((4, 5), (20, 30))).flip(-1)
    assert torch.equal(read_linear(maps, window((4, 5), (20, 30), flipped=True)), expected)


def without_flip(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    monkeypatch.setattr(torch, "rand", lambda *size, **kwargs: torch.full(size, value))


def test_zoom_of_one_without_flip_is_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    without_flip(monkeypatch, 0.9)
    batch = batch_of(2)
    augmented = ZoomAndFlip(divide_by_zoom, scales=[1.0])(batch)
    assert all(torch.equal(augmented[key], batch[key]) for key in batch)


def test_two_flips_are_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    without_flip(monkeypatch, 0.1)
    batch, augment = batch_of(2), ZoomAndFlip(divide_by_zoom, scales=[1.0])
    twice = augment(augment(batch))
    assert all(torch.equal(twice[key], batch[key]) for key in batch)


def test_flip_negates_the_first_component_of_normals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    without_flip(monkeypatch, 0.1)
    batch = batch_of(1)
    mirrored = batch["normal"].flip(-1) * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1)
    assert torch.equal(ZoomAndFlip(divide_by_zoom, scales=[1.0])(batch)["normal"], mirrored)


@pytest.mark.parametrize(("rescale", "factor"), [(divide_by_zoom, 1 / 1.5), (multiply_by_zoom, 1.5)])
def test_depth_is_divided_and_disparity_multiplied_by_the_zoom(rescale: Callable[..., Any], factor: float) -> None:
    batch = batch_of(3) | {"depth": torch.full((3, 1, *SIZE), 2.0)}
    depth = ZoomAndFlip(rescale, scales=[1.5])(batch)["depth"]
    torch.testing.assert_close(depth, torch.full_like(depth, 2 * factor))


def test_no_label_appears_by_interpolation() -> None:
    batch = batch_of(4) | {"segmentation": torch.randint(0, 2, (4, *SIZE)) * 12}
    labels = ZoomAndFlip(divide_by_zoom)(batch)["segmentation"]
    assert set(labels.unique().tolist()) == {0, 12}


def test_every_crop_of_the_protocol_has_the_published_size() -> None:
    # int(288 / s), int(384 / s) of the published code, where float32 would give 239 for 240.
    pictures = torch.arange(288.0).view(1, 1, 288, 1).expand(64, 3, 288, 384)
    batch = {
        "image": pictures,
        "segmentation": pictures[:, 0].long(),
        "depth": torch.ones(64, 1, 288, 384),
    }
    rows = ZoomAndFlip(divide_by_zoom)(batch)["image"][:, 0, :, 0]
    spans = (rows[:, -1] - rows[:, 0]).round().int().unique().tolist()
    assert spans == [191, 239, 287]


def test_samples_of_a_batch_are_zoomed_independently() -> None:
    batch = {key: value[:1].expand(16, *value.shape[1:]) for key, value in batch_of(1).items()}
    torch.manual_seed(0)
    images = ZoomAndFlip(divide_by_zoom, scales=[1.5])(batch)["image"]
    assert len(torch.unique(images, dim=0)) > 12  # of 9 * 13 places, each with and without flip


def test_the_seed_of_torch_decides() -> None:
    batch, augment = batch_of(4), ZoomAndFlip(divide_by_zoom)
    torch.manual_seed(3)
    first = augment(batch)["image"]
    torch.manual_seed(3)
    assert torch.equal(augment(batch)["image"], first)


def test_shrinking_is_refused() -> None:
    with pytest.raises(ValueError, match="zoom factors of at least 1"):
        ZoomAndFlip(divide_by_zoom, scales=[0.5])
