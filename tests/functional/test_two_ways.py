"""What is computed in two ways, on the host and on a device or pair by pair and by counting, is the same."""

import math

import numpy as np
import pytest
import torch
from functional.solvers import optimal_path
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_go4align.functional.agreement import rand_indices
from lightning_go4align.functional.arguments import as_integer, check_callable, non_negative
from lightning_go4align.functional.choice import UNKNOWN, choose_by_numpy, choose_by_torch
from lightning_go4align.functional.counting import count_pairs, members, rand_indices_between
from lightning_go4align.functional.criterion_numpy import criterion_by_numpy
from lightning_go4align.functional.indicators import masked_softmax
from lightning_go4align.functional.lasting import lasting_state, movable
from lightning_go4align.functional.number_of_groups import criterion_of
from lightning_go4align.functional.precision import widened

PROPERTY = settings(max_examples=50)
# Of points that differ by rounding alone it is a matter of rounding whether they are one value or two.
INDICATORS = st.floats(-8.0, 8.0).map(lambda logarithm: math.exp(round(logarithm, 6)))
PRESENT = st.one_of(INDICATORS, INDICATORS, st.just(math.nan))
STEPS = st.lists(st.lists(PRESENT, min_size=5, max_size=5), min_size=1, max_size=5)
GROUPS = st.lists(st.lists(st.integers(-1, 3), min_size=5, max_size=5), min_size=1, max_size=4)


@PROPERTY
@given(st.lists(INDICATORS, min_size=1, max_size=9, unique=True), st.integers(1, 9))
def test_the_criterion_is_that_of_its_optimal_groupings(values: list[float], most: int) -> None:
    indicators, number = np.array(values), min(most, len(values))
    points = torch.from_numpy(indicators).log()
    path = optimal_path(points, number)
    expected = criterion_of(points, path.group_weights, path.sizes)
    np.testing.assert_allclose(criterion_by_numpy(indicators, number), expected.numpy(), rtol=1e-6, atol=1e-6)


@PROPERTY
@given(st.lists(INDICATORS, min_size=1, max_size=9), st.sampled_from([math.nan, math.inf, 0.0, -1.0]))
def test_what_is_no_indicator_does_not_count_in_the_criterion(values: list[float], no_indicator: float) -> None:
    expected = criterion_by_numpy(np.array(values), len(values))
    found = criterion_by_numpy(np.array([no_indicator, *values]), len(values))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@PROPERTY
@given(STEPS, st.integers(1, 5), st.sampled_from([0.0, 0.5, 0.9]))
def test_numbers_of_groups_are_chosen_alike_step_by_step(
    steps: list[list[float]], most: int, momentum: float
) -> None:
    device = torch.full((most,), UNKNOWN)
    host = device.numpy().copy()
    average = np.full(most, np.nan)
    for row in steps:
        assignment, weights = choose_by_numpy(np.array(row), host, momentum)
        groups, means = choose_by_torch(torch.tensor(row, dtype=torch.float64), device, momentum)
        scores = criterion_by_numpy(np.array(row), most)
        now = scores - scores[0]
        average = np.where(np.isnan(average), now, momentum * average + (1 - momentum) * now)
        np.testing.assert_allclose(host, average, rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(device.numpy(), average, rtol=1e-5, atol=1e-4)
        if np.ptp(np.sort(average)[:2]) > 1e-3 or most == 1:  # Else rounding decides.
            np.testing.assert_allclose(weights, means.numpy(), rtol=1e-9)
            assert len(weights) == most
            # Two groupings of equal cost are equally good; the numbers of their groups are the same.
            assert assignment.max() == groups.max()
        for found in (assignment, groups.numpy()):
            assert (found[np.isnan(row)] == -1).all()
            assert (found[~np.isnan(row)] >= 0).all()


@PROPERTY
@given(GROUPS, GROUPS)
def test_pairs_agree_as_often_counted_in_a_table_as_one_by_one(
    first: list[list[int]], second: list[list[int]]
) -> None:
    steps = min(len(first), len(second))
    before, now = np.array(first[:steps]), np.array(second[:steps])
    expected = rand_indices(torch.from_numpy(before), torch.from_numpy(now))
    np.testing.assert_allclose(rand_indices_between(before, now), expected.numpy(), rtol=1e-12, atol=1e-12)


@PROPERTY
@given(GROUPS)
def test_pairs_are_counted_in_as_many_steps_as_they_share_a_group(steps: list[list[int]]) -> None:
    groups = np.array(steps)
    expected = [[sum(row[i] == row[j] >= 0 for row in steps) for j in range(5)] for i in range(5)]
    assert count_pairs(members(groups)).tolist() == expected


@PROPERTY
@given(st.lists(st.tuples(st.floats(-700.0, 700.0), st.booleans()), min_size=1, max_size=9))
def test_shares_are_the_exponentials_of_those_present_in_either_library(tasks: list[tuple[float, bool]]) -> None:
    logits, present = (list(column) for column in zip(*tasks, strict=True))
    most = max((logit for logit, is_there in tasks if is_there), default=0.0)
    powers = [math.exp(logit - most) if is_there else 0.0 for logit, is_there in tasks]
    share = sum(present) / len(tasks)
    expected = [power / sum(powers) * share if any(present) else math.nan for power in powers]
    by_torch = masked_softmax(torch.tensor(logits, dtype=torch.float64), torch.tensor(present))
    np.testing.assert_allclose(by_torch.numpy(), expected, rtol=1e-12, atol=1e-300)
    if any(present):
        by_numpy = masked_softmax(np.array(logits), np.array(present))
        np.testing.assert_allclose(by_numpy, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64])
def test_numbers_of_any_dtype_are_widened_without_a_change(dtype: torch.dtype) -> None:
    values = torch.tensor([0.5, 3.0, 1024.0]).to(dtype)
    wide = widened(values)
    assert wide.dtype == torch.float64
    assert wide.tolist() == values.tolist()


def test_an_integer_has_a_least_value_only_if_one_is_said() -> None:
    assert as_integer("offset", -3) == -3
    assert as_integer("window", 2, least=2) == 2
    with pytest.raises(ValueError, match="`window` must be at least 2, but is 1"):
        as_integer("window", 1, least=2)


@pytest.mark.parametrize("value", ["0.5", None, [1.0]])
def test_what_is_no_number_is_said_with_what_is_asked(value: object) -> None:
    with pytest.raises(TypeError, match=r"^`beta` must be a number of at least 0"):
        non_negative("beta", value)


def test_a_state_that_no_step_may_move_is_replaced_by_an_equal_one() -> None:
    with torch.inference_mode():
        frozen = torch.tensor([1.0, 2.0])
    state = movable(frozen, torch.ones(2))
    state.add_(1)  # Refused of a tensor made in inference mode.
    assert state.tolist() == [2.0, 3.0]
    assert frozen.tolist() == [1.0, 2.0]


def test_a_state_of_another_dtype_or_number_is_brought_to_that_of_the_values_or_refused() -> None:
    state = lasting_state(torch.tensor([1.0, 2.0]), torch.ones(2, dtype=torch.float64))
    assert (state.dtype, state.tolist()) == (torch.float64, [1.0, 2.0])
    with pytest.raises(ValueError, match="2"):
        lasting_state(torch.ones(2), torch.ones(3))


def test_a_class_is_no_function() -> None:
    with pytest.raises(TypeError, match=r"`clustering` is the class int: pass an instance"):
        check_callable("clustering", int, "kmeans_1d")
    with pytest.raises(TypeError, match=r"must be a function .* such as `kmeans_1d`, but is 3"):
        check_callable("clustering", 3, "kmeans_1d")
    check_callable("clustering", len, "kmeans_1d")
