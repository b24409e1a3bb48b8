"""The step of a method by NumPy and by torch, in float64 and in float32, and the evidence of both."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from functional.solvers import optimal_path, sum_of_squares
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.criterion_numpy import criterion_of_logarithms
from lightning_go4align.functional.grouping import Grouping, kmeans_1d
from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.kmeans_torch import solve_by_torch, solve_weighed
from lightning_go4align.functional.number_of_groups import criterion_of
from lightning_go4align.functional.weighing import weigh_tasks
from lightning_go4align.functional.weighing_numpy import weigh_by_numpy
from lightning_go4align.functional.weighing_torch import move_by_torch, weigh_by_torch

PROPERTY = settings(max_examples=50)
ABSENT = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0])
HISTORIES = st.integers(1, 9).flatmap(
    lambda size: st.lists(
        st.lists(st.one_of(st.floats(1e-3, 1e3), ABSENT), min_size=size, max_size=size), min_size=1, max_size=4
    )
)
POINTS = st.lists(st.floats(-8.0, 8.0), min_size=1, max_size=9)


def cost(points: NDArray[np.float64], assignment: NDArray[np.int64]) -> float:
    """The value of Eq. 3, in NumPy."""
    return float(
        sum(((x := points[assignment == group]) - x.mean()) @ (x - x.mean()) for group in {*assignment} - {-1})
    )


def weigh_narrowly(
    losses: Tensor, state: Tensor, num_groups: int, beta: float, reduction: Reduction
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The step of a device without float64, where only the solver's own constants would be as narrow."""
    indicators = move_by_torch(losses, state, beta, reduction)
    assignment, means = _on_device(indicators, num_groups)
    return indicators, assignment, means, Grouping(assignment, means).task_weights


@pytest.mark.parametrize(
    ("weigh", "dtype", "digits"), [(weigh_by_torch, torch.float64, 1e-12), (weigh_narrowly, torch.float32, 2e-5)]
)
@PROPERTY
@given(HISTORIES, st.integers(1, 9), st.sampled_from([0.0, 1e-3, 0.1]), st.sampled_from(["sum", "mean"]))
def test_torch_weighs_as_numpy_does_step_by_step(
    weigh: Callable[..., tuple[Tensor, ...]],
    dtype: torch.dtype,
    digits: float,
    history: list[list[float]],
    most: int,
    beta: float,
    reduction: Reduction,
) -> None:
    num_groups = min(most, len(history[0]))
    state = torch.zeros(len(history[0]), dtype=dtype)
    host = state.double().numpy().copy()
    for row in history:
        losses = torch.tensor(row, dtype=dtype)
        found = [x.double().numpy() for x in weigh(losses, state, num_groups, beta, reduction)]
        expected = weigh_by_numpy(losses.double().numpy(), host, num_groups, beta, reduction)
        # An indicator may be as small as the smallest float32, where it has no digits left.
        np.testing.assert_allclose(found[0], expected[0], rtol=digits * (1 + beta * 1e4), atol=1e-30)
        np.testing.assert_allclose(state.double().numpy(), host, rtol=digits, atol=digits)
        # Which of two groupings of equal cost is found is a matter of rounding: the cost is not.
        present = expected[0][np.isfinite(expected[0])]
        most_of = cost(present, np.zeros(len(present), np.int64)) if len(present) else 0.0
        slack = 10 * digits * (most_of + float(present @ present))
        assert abs(cost(found[0], found[1].astype(np.int64)) - cost(expected[0], expected[1])) <= slack
        assert (found[3][np.isnan(expected[0])] == 0).all()


@pytest.mark.parametrize(("num_tasks", "num_groups"), [(70, 3), (40, 9)])
def test_torch_weighs_many_tasks_as_numpy_does(num_tasks: int, num_groups: int) -> None:
    losses = torch.rand(num_tasks, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.1
    losses[::7] = math.nan
    found = weigh_by_torch(losses, torch.zeros_like(losses), num_groups, 0.1, "sum")
    expected = weigh_by_numpy(losses.numpy(), np.zeros(num_tasks), num_groups, 0.1, "sum")
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-12)


@pytest.mark.parametrize("num_groups", [0, 4])
def test_tasks_cannot_form_more_groups_than_there_are(num_groups: int) -> None:
    losses = torch.ones(3, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"`num_groups` must lie in \[1, 3\]"):
        weigh_tasks(losses, torch.zeros_like(losses), num_groups, 0.0, "sum")


@PROPERTY
@given(POINTS, st.integers(1, 9), st.sampled_from([-1000, -700, 0, 500, 900]))
def test_groups_have_no_unit_even_where_squares_overflow(values: list[float], most: int, exponent: int) -> None:
    # Halves of none are lost. What is weighed is never negative.
    points = torch.tensor([abs(round(value, 3)) for value in values], dtype=torch.float64)
    num_groups = min(most, len(points))
    scaled = points * 2.0**exponent  # A power of two rounds nothing.
    for solve in (kmeans_1d, _on_device, _weighed):
        assert solve(scaled, num_groups).assignment.tolist() == solve(points, num_groups).assignment.tolist()
        torch.testing.assert_close(
            solve(scaled, num_groups).group_weights, solve(points, num_groups).group_weights * 2.0**exponent
        )


def _on_device(points: Tensor, num_groups: int) -> Grouping:
    [(assignment, means)] = solve_by_torch(points, range(num_groups, num_groups + 1))
    return Grouping(assignment, means)


def _weighed(points: Tensor, num_groups: int) -> Grouping:
    return Grouping(*solve_weighed(points, num_groups)[:2])


@PROPERTY
@given(POINTS, st.integers(1, 9))
def test_more_groups_never_cost_more_and_one_for_each_value_costs_nothing(values: list[float], most: int) -> None:
    points = torch.tensor(values, dtype=torch.float64)
    costs = sum_of_squares(points, optimal_path(points, min(most, len(points))))
    slack = 1e-12 * float(points.square().sum())
    assert (costs.diff() <= slack).all()
    if len(costs) >= len(set(values)):
        assert float(costs[-1]) <= slack


@PROPERTY
@given(POINTS, st.integers(1, 9), st.integers(0, 3), st.randoms(use_true_random=False))
def test_criterion_is_that_of_the_tasks_present_in_any_order_and_library(
    values: list[float], most: int, absent: int, random: Any
) -> None:
    points = np.array(values)
    path = optimal_path(torch.from_numpy(points), min(most, len(points)))
    expected = criterion_of(torch.from_numpy(points), path.group_weights, path.sizes)
    order = random.sample(range(len(points) + absent), len(points) + absent)
    padded = np.concatenate([points, np.full(absent, np.nan)])[order]
    tensors = criterion_of(torch.from_numpy(padded), path.group_weights, path.sizes)
    np.testing.assert_allclose(tensors, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(criterion_of_logarithms(padded, len(expected)), expected, rtol=1e-9, atol=1e-9)
