from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from torchmetrics import Metric

from lightning_go4align.metrics.normals import BatchMeanNormalErrors, NormalErrors, measured_angles


def batches(*sizes: int, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    for size in sizes:
        target = normalize(torch.randn(size, 3, 5, 6, generator=generator), dim=1)
        target[:, :, 0] = 0  # not measured
        yield target + 0.5 * torch.randn(size, 3, 5, 6, generator=generator), target


def updated(metric: Metric, pairs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
    for prediction, target in pairs:
        metric.update(prediction, target)
    return {key: value.item() for key, value in metric.compute().items()}


def by_numpy(pairs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
    angles = []
    for prediction, target in pairs:
        p, t = (np.moveaxis(x.double().numpy(), 1, -1).reshape(-1, 3) for x in (prediction, target))
        p, t = p[np.abs(t).sum(1) > 0], t[np.abs(t).sum(1) > 0]
        cosine = (p * t).sum(1) / np.linalg.norm(p, axis=1)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    every = np.concatenate(angles)
    shares = {f"within_{limit:g}": 100 * float(np.mean(every < limit)) for limit in (11.25, 22.5, 30)}
    return {"normal_mean": float(every.mean()), "normal_median": float(np.median(every)), **shares}


@pytest.mark.parametrize("sizes", [(2, 2, 1), (1,), (3, 2)], ids=str)
def test_errors_over_pixels_equal_numpy_on_all_angles(sizes: tuple[int, ...]) -> None:
    pairs = list(batches(*sizes))
    expected = by_numpy(pairs)
    # Half a bin of the histogram, and float32 angles.
    assert updated(NormalErrors(), pairs) == pytest.approx(expected, abs=6e-4)


def test_published_errors_are_the_mean_of_each_batch_by_numpy() -> None:
    pairs = list(batches(3, 1))
    each = [by_numpy([pair]) for pair in pairs]
    expected = {key: (each[0][key] + each[1][key]) / 2 for key in each[0]}
    assert updated(BatchMeanNormalErrors(), pairs) == pytest.approx(expected, abs=1e-4)


def test_both_evaluations_agree_on_equal_batches_except_for_the_median() -> None:
    pairs = list(batches(2, 2, 2))
    over_pixels, published = updated(NormalErrors(), pairs), updated(BatchMeanNormalErrors(), pairs)
    del over_pixels["normal_median"], published["normal_median"]
    assert over_pixels == pytest.approx(published, rel=1e-9)


@pytest.mark.parametrize("metric", [NormalErrors, BatchMeanNormalErrors])
def test_a_batch_without_measured_pixels_changes_nothing(metric: type[Metric]) -> None:
    pairs = list(batches(2, 2))
    empty = (torch.rand(2, 3, 5, 6), torch.zeros(2, 3, 5, 6))
    assert updated(metric(), [*pairs, empty]) == updated(metric(), pairs)


def test_normals_whose_components_sum_to_zero_are_measured() -> None:
    target = torch.tensor([0.5**0.5, -(0.5**0.5), 0.0]).view(1, 3, 1, 1)
    assert measured_angles(target, target).numel() == 1


def test_opposite_normals_fall_into_the_last_bin() -> None:
    target = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    assert updated(NormalErrors(), [(-target, target)])["normal_median"] == pytest.approx(180, abs=6e-4)


def test_maps_that_are_not_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[B, 3, \.\.\.\] maps of one shape"):
        NormalErrors().update(torch.rand(1, 2, 4, 4), torch.rand(1, 2, 4, 4))


@pytest.mark.parametrize("metric", [NormalErrors, BatchMeanNormalErrors])
def test_one_unknown_prediction_makes_every_figure_unknown(metric: type[Metric]) -> None:
    pairs = list(batches(2, 2))
    pairs[0][0][0, 0, 2, 2] = torch.nan
    assert all(np.isnan(value) for value in updated(metric(), pairs).values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("metric", [NormalErrors, BatchMeanNormalErrors])
def test_half_precision_of_both_costs_no_more_than_a_tenth_of_a_degree(
    metric: type[Metric], dtype: torch.dtype
) -> None:
    pairs = [(sign * target, target) for _, target in batches(2) for sign in (1, -1)]
    found = updated(metric(), [(prediction.to(dtype), target.to(dtype)) for prediction, target in pairs])
    assert found["normal_mean"] == pytest.approx(90, abs=0.1)
    assert updated(metric(), [(-pairs[0][0].to(dtype), pairs[0][1].to(dtype))])["normal_mean"] > 179.9


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("metric", [NormalErrors, BatchMeanNormalErrors])
def test_the_length_of_a_true_normal_does_not_count(metric: type[Metric], dtype: torch.dtype) -> None:
    pairs = [(prediction.to(dtype), target.to(dtype)) for prediction, target in batches(2, 1)]
    # Powers of 2, by which nothing is rounded.
    scaled = [(prediction, scale * target) for (prediction, target), scale in zip(pairs, (0.5, 4), strict=True)]
    assert updated(metric(), scaled) == pytest.approx(updated(metric(), pairs), abs=1e-3)
    same = [(target, 0.5 * target) for _, target in pairs]
    assert updated(metric(), same)["normal_mean"] < 0.03  # 60 where half a length is half a cosine


def test_angles_to_unit_vectors_are_those_of_the_published_formula_to_the_bit() -> None:
    for prediction, target in batches(3, 1):
        unit = normalize(prediction, dim=1)
        published = torch.rad2deg((unit * target).sum(1).clamp(-1, 1).acos())[(target != 0).any(1)]
        assert torch.equal(measured_angles(prediction, target), published)
