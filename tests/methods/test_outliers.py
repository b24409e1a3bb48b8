"""What RobustGO4Align remembers of a loss that lies far off, and of one that has moved for good."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from methods.robust_makers import weigh
from torch import Tensor

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.loss_history import move_spread, without_outliers
from lightning_go4align.methods import Level, RelativeHistory

AT = 400


def batches(noise: float, steps: int = 600, num_tasks: int = 3) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).lognormal(sigma=noise, size=(steps, num_tasks)))


def weights_of(losses: Tensor) -> Tensor:
    method = RobustGO4Align(1, ungrouped)
    return torch.stack([weigh(method, row[None]) for row in losses])


@pytest.mark.parametrize("noise", [1e-3, 0.03, 0.3])
@pytest.mark.parametrize("size", [-1e6, 1e2, 1e6, 1e12, 1e30])
@pytest.mark.parametrize("shift", [0.0, -1000.0])
def test_an_outlier_takes_no_weight_from_its_task_for_good_and_gives_the_others_none(
    noise: float, size: float, shift: float
) -> None:
    usual = batches(noise) + torch.tensor([0.0, shift, 0.0])
    spoilt = usual.clone()
    spoilt[AT, 1] += size
    ratios = weights_of(spoilt) / weights_of(usual)
    assert torch.equal(ratios[:AT], torch.ones_like(ratios[:AT]))
    # Below 0 what is kept of it may still bring a level near 0, where spreads count for some steps.
    assert (ratios[AT:] > 1.6).any(1).sum() <= (10 if size < 0 else 0)
    assert ratios.max() < 5
    assert ratios[AT + 1 :, 1].min() > 0.5


def test_an_outlier_leaves_the_history_too() -> None:
    usual, spoilt = batches(0.1), batches(0.1)
    spoilt[AT, 1] = 1e30
    methods = [RobustGO4Align(1, ungrouped, history=RelativeHistory(1.0)) for _ in range(2)]
    before, after = (weigh(method, rows[: AT + 100]) for method, rows in zip(methods, (usual, spoilt), strict=True))
    assert abs(after / before - 1).max() < 0.2


@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_an_outlier_leaves_the_groups(size: float) -> None:
    usual = batches(0.1, num_tasks=6) * torch.tensor([1.0, 1.0, 1.0, 100.0, 100.0, 100.0])
    spoilt = usual.clone()
    spoilt[AT, 1] += size
    methods = [RobustGO4Align() for _ in range(2)]
    for rows in zip(usual, spoilt, strict=True):
        before, after = (weigh(method, row[None]) for method, row in zip(methods, rows, strict=True))
        ratios = after[[0, 2, 3, 4, 5]] / before[[0, 2, 3, 4, 5]]
        assert ratios.max() < 12  # Within the reach, in the one step in which the outlier is a group of its own.
    assert methods[1].grouping.assignment.tolist() == [1, 1, 1, 0, 0, 0]
    torch.testing.assert_close(after, before, rtol=0.05, atol=0)


def test_in_its_own_step_an_outlier_has_no_weight_of_a_usual_loss() -> None:
    losses = batches(0.1)
    losses[AT, 1] = 1e6
    risks = weights_of(losses) * losses
    assert risks[AT].max() < 20


@pytest.mark.parametrize("noise", [1e-3, 0.03, 0.3])
@pytest.mark.parametrize("factor", [3.0, 1e3, 1e6])
def test_a_loss_that_has_moved_is_followed(noise: float, factor: float) -> None:
    moved = batches(noise)
    moved[AT:, 1] *= factor
    risks = weights_of(moved) * moved
    assert risks[:, 1].max() < 20
    assert 0.3 < risks[AT + 100 :, 1].mean() / risks[AT - 100 : AT, 1].mean() < 4


@pytest.mark.parametrize("start", [0.0, 1.0, -5.0])
def test_a_loss_that_has_never_moved_may_begin(start: float) -> None:
    losses = batches(0.1)
    losses[:AT, 1] = start
    risks = weights_of(losses) * losses
    assert 0.3 < risks[-50:, 1].mean() < 3


def test_usual_losses_are_remembered_as_they_are() -> None:
    state, losses = np.zeros((3, 3)), batches(1.0).numpy()
    losses[50:60, 0] = np.nan
    with np.errstate(all="ignore"):
        for step in losses:
            np.testing.assert_array_equal(without_outliers(step, state, 0.99, 30.0), step)
            state, *_ = move_spread(state, step, 0.99)


def test_what_is_no_loss_stays_none() -> None:
    state = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.1, 0.1, 0.1]])
    values = np.array([np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(without_outliers(values, state, 0.99, 30.0), values)


@pytest.mark.parametrize("kind", [RobustGO4Align, lambda: RobustGO4Align(2), lambda: RobustGO4Align(scale=Level())])
def test_a_margin_that_is_met_keeps_its_weight_and_its_group(kind: Callable[[], RobustGO4Align]) -> None:
    losses = batches(0.1, num_tasks=5) * torch.tensor([1.0, 1.0, 0.7, 1e3, 1e3])
    met = losses.clone()
    met[AT:, 2] = 0.0
    method = kind()
    before = weigh(method, met[:AT])
    after = weigh(method, met[AT:])
    assert method.grouping is not None
    assert method.grouping.assignment.unique().tolist() == [0, 1]
    assert 0.5 < after[2] / before[2] < 2
    torch.testing.assert_close(after[[0, 1, 3, 4]], weigh(kind(), losses)[[0, 1, 3, 4]], rtol=0.3, atol=0)


def test_a_loss_of_zero_says_as_little_of_a_batch_without_labels_as_nan() -> None:
    losses, labelled = batches(0.1), torch.rand(600, 3, generator=torch.Generator().manual_seed(0)) < 0.4
    by_zero, by_nan = (weights_of(losses.where(labelled, gap)) for gap in (0.0, torch.nan))
    torch.testing.assert_close(by_zero[labelled], by_nan[labelled])
