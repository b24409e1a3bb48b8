import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.functional.indicators import (
    group_indicators,
    scale_vector,
    smoothness_vector,
    valid_losses,
)

LOSSES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12).map(lambda x: torch.tensor(x, dtype=torch.float64))
PROPERTY = settings(max_examples=100)


def test_scale_is_the_mean_loss_over_each_loss() -> None:
    assert scale_vector(torch.tensor([1.0, 2.0, 6.0])).tolist() == [3.0, 1.5, 0.5]


def test_authors_scale_is_the_sum_of_losses_over_each_loss() -> None:
    assert scale_vector(torch.tensor([1.0, 2.0, 6.0]), "sum").tolist() == [9.0, 4.5, 1.5]


@PROPERTY
@given(LOSSES, st.floats(1e-3, 1e3))
def test_scale_has_no_unit(losses: Tensor, unit: float) -> None:
    torch.testing.assert_close(scale_vector(unit * losses), scale_vector(losses), rtol=1e-12, atol=0)


@PROPERTY
@given(LOSSES)
def test_scaled_losses_all_equal_the_mean_loss(losses: Tensor) -> None:
    scaled = scale_vector(losses) * losses
    torch.testing.assert_close(scaled, losses.mean().expand_as(losses), rtol=1e-12, atol=0)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_loss_outside_the_domain_takes_no_part(value: float) -> None:
    scale = scale_vector(torch.tensor([1.0, value, 3.0]))
    torch.testing.assert_close(scale, torch.tensor([2.0, math.nan, 2.0 / 3.0]), equal_nan=True)


def test_smoothness_is_the_softmax_of_the_cumulative_losses() -> None:
    history = torch.rand(50, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    state = torch.zeros(5, dtype=torch.float64)
    for losses in history:
        state = smoothness_vector(state, losses, beta=0.3)
    torch.testing.assert_close(state.softmax(0), (-0.3 * history.sum(0)).softmax(0), rtol=1e-12, atol=0)


def test_smoothness_follows_the_recursion_of_equation_6() -> None:
    history = torch.rand(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    state, expected = torch.zeros(4, dtype=torch.float64), torch.full((4,), 0.25, dtype=torch.float64)
    for losses in history:
        state = smoothness_vector(state, losses, beta=0.7)
        expected = expected * torch.exp(-0.7 * losses)
        expected = expected / expected.sum()
    torch.testing.assert_close(state.softmax(0), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_loss_outside_the_domain_leaves_its_state_alone(value: float) -> None:
    state = smoothness_vector(torch.tensor([-1.0, -2.0]), torch.tensor([value, 3.0]), beta=1.0)
    assert state.tolist() == [-1.0, -5.0]


def test_indicators_are_the_product_of_both_vectors() -> None:
    assert group_indicators(torch.tensor([4.0, 0.5]), torch.tensor([0.25, 0.75])).tolist() == [1.0, 0.375]


def test_smallest_and_largest_floats_are_valid_losses() -> None:
    extremes = torch.tensor([torch.finfo(torch.float32).smallest_normal / 2, torch.finfo(torch.float32).max])
    assert valid_losses(extremes).all()
