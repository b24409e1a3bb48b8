from collections.abc import Iterable, Iterator

import pytest
import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_go4align.metrics.depth import BatchMeanDepthErrors, DepthErrors


def batches(*sizes: int, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    for size in sizes:
        target = torch.rand(size, 1, 4, 6, generator=generator) + 0.5
        target[:, :, 0] = 0  # not measured
        yield torch.rand(size, 1, 4, 6, generator=generator), target


def updated(metric: Metric, pairs: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
    for prediction, target in pairs:
        metric.update(prediction, target)
    return {key: value.item() for key, value in metric.compute().items()}


def test_errors_over_pixels_equal_a_loop_over_every_pixel() -> None:
    pairs = list(batches(2, 2, 1))
    errors = [
        (abs(p - t), abs(p - t) / t)
        for prediction, target in pairs
        for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True)
        if t != 0
    ]
    expected = {
        "abs_err": sum(a for a, _ in errors) / len(errors),
        "rel_err": sum(r for _, r in errors) / len(errors),
    }
    assert updated(DepthErrors(), pairs) == pytest.approx(expected, rel=1e-6)  # float32 inputs


def test_published_errors_give_the_small_last_batch_full_weight() -> None:
    pairs = list(batches(3, 1))
    each = [updated(DepthErrors(), [pair]) for pair in pairs]
    expected = {key: (each[0][key] + each[1][key]) / 2 for key in each[0]}
    assert updated(BatchMeanDepthErrors(), pairs) == pytest.approx(expected, rel=1e-9)


def test_both_evaluations_agree_when_batches_are_equal() -> None:
    pairs = list(batches(2, 2, 2))
    assert updated(DepthErrors(), pairs) == pytest.approx(updated(BatchMeanDepthErrors(), pairs), rel=1e-9)


def test_both_evaluations_differ_when_batches_are_not() -> None:
    pairs = list(batches(3, 1))
    assert updated(DepthErrors(), pairs) != pytest.approx(updated(BatchMeanDepthErrors(), pairs), rel=1e-3)


@pytest.mark.parametrize("metric", [DepthErrors, BatchMeanDepthErrors])
def test_a_batch_without_measured_pixels_changes_nothing(metric: type[Metric]) -> None:
    pairs = list(batches(2, 2))
    empty = (torch.rand(2, 1, 4, 6), torch.zeros(2, 1, 4, 6))
    assert updated(metric(), [*pairs, empty]) == updated(metric(), pairs)


def test_other_resolution_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="Bring the prediction to the target's resolution first"):
        DepthErrors().update(torch.rand(1, 1, 4, 6), torch.rand(1, 1, 8, 12))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_loses_no_digit_of_the_error(dtype: torch.dtype) -> None:
    prediction, target = torch.tensor([3.0]).to(dtype), torch.tensor([1.0]).to(dtype) / 256
    expected = {"abs_err": 3 - 1 / 256, "rel_err": 767}
    assert updated(DepthErrors(), [(prediction, target)] * 3) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("metric", [DepthErrors, BatchMeanDepthErrors])
def test_sums_over_a_map_keep_more_digits_than_its_own_precision(metric: type[Metric]) -> None:
    errors = metric()
    errors.update(torch.tensor([2.0**26, 1.0, 1.0, 1.0]), torch.tensor([1.0, 2.0, 2.0, 2.0]))
    found = errors.compute()
    # The first error is 2^26 in float32, where what is added to it is lost.
    assert found["abs_err"].item() == (2**26 + 3) / 4
    assert found["rel_err"].item() == (2**26 + 3 * 0.5) / 4
