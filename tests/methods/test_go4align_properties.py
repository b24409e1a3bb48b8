"""What holds for GO4Align on any positive losses."""

from random import Random

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.methods import GO4Align

PROPERTY = settings(max_examples=60)


positive = st.lists(st.floats(1e-4, 1e4), min_size=2, max_size=9).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)


histories = st.integers(2, 8).flatmap(
    lambda size: st.lists(st.lists(st.floats(1e-3, 1e3), min_size=size, max_size=size), min_size=1, max_size=5).map(
        lambda rows: torch.tensor(rows, dtype=torch.float64)
    )
)


@PROPERTY
@given(histories, st.sampled_from([0.0, 1e-4, 0.01, 1.0]))
def test_weighted_sum_is_the_mean_loss_where_each_task_has_its_own_group(history: Tensor, beta: float) -> None:
    method = GO4Align(history.shape[1], beta, reduction="mean")
    for losses in history:
        objective = method(losses)
    torch.testing.assert_close(objective, losses.mean(), rtol=1e-9, atol=0)


@PROPERTY
@given(positive)
def test_without_memory_and_grouping_it_is_scale_invariant_scalarization(values: Tensor) -> None:
    losses = values.clone().requires_grad_()
    GO4Align(len(values), beta=0.0, reduction="mean")(losses).backward()
    expected = values.mean() / len(values) / values  # mean(L) / M times the gradient of the sum of logarithms.
    torch.testing.assert_close(losses.grad, expected, rtol=1e-9, atol=0)


@PROPERTY
@given(histories, st.integers(1, 8), st.sampled_from([1e-4, 0.1]))
def test_mean_reduction_is_the_sum_reduction_over_the_number_of_tasks(
    history: Tensor, num_groups: int, beta: float
) -> None:
    num_groups = min(num_groups, history.shape[1])
    by_sum, by_mean = GO4Align(num_groups, beta), GO4Align(num_groups, beta, reduction="mean")
    for losses in history:
        by_sum(losses)
        by_mean(losses)
    torch.testing.assert_close(by_mean.task_weights * history.shape[1], by_sum.task_weights, rtol=1e-9, atol=1e-300)


@PROPERTY
@given(histories, st.sampled_from([1e-4, 0.1]))
def test_one_group_is_a_plain_sum_times_the_mean_indicator(history: Tensor, beta: float) -> None:
    method = GO4Align(1, beta)
    for losses in history:
        method(losses)
    expected = method.indicators.mean().expand(history.shape[1])
    torch.testing.assert_close(method.task_weights, expected, rtol=1e-12, atol=0)


@PROPERTY
@given(histories, st.integers(1, 8), st.randoms(use_true_random=False))
def test_order_of_tasks_does_not_matter(history: Tensor, num_groups: int, random: Random) -> None:
    order = list(range(history.shape[1]))
    random.shuffle(order)
    num_groups = min(num_groups, len(order))
    straight, shuffled = GO4Align(num_groups, 0.01), GO4Align(num_groups, 0.01)
    for losses in history:
        straight(losses)
        shuffled(losses[order])
    torch.testing.assert_close(shuffled.task_weights, straight.task_weights[order], rtol=1e-9, atol=1e-300)


@PROPERTY
@given(histories, st.integers(1, 8), st.integers(-20, 20))
def test_unit_of_all_losses_does_not_matter_without_memory(history: Tensor, num_groups: int, exponent: int) -> None:
    num_groups = min(num_groups, history.shape[1])
    method, other = GO4Align(num_groups, 0.0), GO4Align(num_groups, 0.0)
    for losses in history:
        method(losses)
        other(losses * 2.0**exponent)  # A power of two moves no digit.
    assert torch.equal(other.task_weights, method.task_weights)


@PROPERTY
@given(histories, st.integers(1, 8))
def test_there_are_at_most_as_many_weights_as_groups(history: Tensor, num_groups: int) -> None:
    method = GO4Align(min(num_groups, history.shape[1]), 0.01)
    for losses in history:
        method(losses)
    assert len(method.task_weights.unique()) <= method.num_groups
