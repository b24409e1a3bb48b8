import itertools
import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from functional.solvers import SOLVERS, cost, on_device, on_host, optimal_path, squares, sum_of_squares
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping, kmeans_1d

PROPERTY = settings(max_examples=60)


uniform = st.floats(0.0, 1.0)
tied = st.integers(0, 3).map(float)
clustered = st.tuples(st.sampled_from([1.0, 1.1, 7.0, 30.0]), st.floats(-0.01, 0.01)).map(sum)
decades = st.floats(-60, 60).map(lambda exponent: 10.0**exponent)
nearly_equal = st.floats(0.0, 1.0).map(lambda u: 1000.0 + 1e-6 * u)
signed = st.floats(-5.0, 5.0)
absent = st.sampled_from([math.nan, math.inf, 1.0, 2.0, 5.0])
KINDS = st.sampled_from([uniform, tied, clustered, decades, nearly_equal, signed, absent])


@st.composite
def problems(draw: st.DrawFn, largest: int = 8) -> tuple[Tensor, int]:
    numbers = st.lists(draw(KINDS), min_size=1, max_size=largest)
    points = torch.tensor(draw(numbers), dtype=torch.float64)
    return points, draw(st.integers(1, len(points)))


def brute_force(points: Tensor, num_clusters: int) -> float:
    """Least sum of squares of all contiguous partitions into at most ``num_clusters`` parts."""
    ordered = sorted(value for value in points.tolist() if math.isfinite(value))
    if not ordered:
        return 0.0
    most = min(num_clusters, len(ordered))
    return min(
        math.fsum(squares(ordered[a:b]) for a, b in itertools.pairwise([0, *borders, len(ordered)]))
        for borders in itertools.combinations(range(1, len(ordered)), most - 1)
    )


def rounding(points: Tensor) -> float:
    """What thousands of roundings in float64 make of the points' own sum of squares and of their squares."""
    finite = points[points.isfinite()].tolist()
    return 1e-12 * brute_force(points, 1) + 1e-30 * max([value * value for value in finite], default=0.0)


@SOLVERS
@PROPERTY
@given(problems())
def test_no_other_grouping_costs_less(solve: Callable[..., Any], problem: tuple[Tensor, int]) -> None:
    points, num_clusters = problem
    assert cost(points, solve(points, num_clusters)) <= brute_force(points, num_clusters) + rounding(points)


def draw(random: np.random.Generator, kind: str) -> Any:
    size = random.integers(1, 9)
    return {  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
        "uniform": lambda: random.random(size),
        "tied": lambda: random.integers(0, 4, size).astype(float),
        "clustered": lambda: random.choice([1.0, 1.1, 7.0, 30.0], size) + 0.01 * random.random(size),
        "decades": lambda: 10 ** random.uniform(-60, 60, size),
        "nearly equal": lambda: 1000 + 1e-6 * random.random(size),
        "heavy tail": lambda: 1 / random.random(size) ** 3,
    }[kind]()


@SOLVERS
@pytest.mark.parametrize("kind", ["uniform", "tied", "clustered", "decades", "nearly equal", "heavy tail"])
def test_no_other_grouping_of_thousands_of_inputs_costs_less(solve: Callable[..., Any], kind: str) -> None:
    random = np.random.default_rng(0)
    for _ in range(350):
        points = torch.from_numpy(draw(random, kind))
        num_clusters = int(random.integers(1, len(points) + 1))
        found = cost(points, solve(points, num_clusters))
        assert found <= brute_force(points, num_clusters) + rounding(points)


@SOLVERS
@PROPERTY
@given(problems(largest=12))
def test_weights_are_the_means_of_the_groups_in_ascending_order(
    solve: Callable[..., Any], problem: tuple[Tensor, int]
) -> None:
    points, num_clusters = problem
    assignment, weights = solve(points, num_clusters)
    assert weights.shape == (num_clusters,)
    assert (weights.diff() >= 0).all()
    for group in assignment[assignment >= 0].unique():
        torch.testing.assert_close(weights[group], points[assignment == group].mean(), rtol=1e-12, atol=0)


@SOLVERS
@PROPERTY
@given(problems(largest=12))
def test_equal_points_share_a_group_and_larger_ones_never_have_a_lighter(
    solve: Callable[..., Any], problem: tuple[Tensor, int]
) -> None:
    points, num_clusters = problem
    present = points.isfinite()
    values, groups = points[present], solve(points, num_clusters).assignment[present]
    larger = values[:, None] > values
    equal = values[:, None] == values
    assert (groups[:, None] >= groups)[larger].all()
    assert (groups[:, None] == groups)[equal].all()


@SOLVERS
@PROPERTY
@given(problems(largest=12), st.randoms(use_true_random=False))
def test_order_of_points_does_not_matter(
    solve: Callable[..., Any], problem: tuple[Tensor, int], random: Random
) -> None:
    points, num_clusters = problem
    order = list(range(len(points)))
    random.shuffle(order)
    shuffled = solve(points[order], num_clusters)
    assert torch.equal(shuffled.assignment, solve(points, num_clusters).assignment[order])


@SOLVERS
@PROPERTY
@given(problems(largest=12))
def test_a_point_that_is_not_finite_is_in_no_group_and_moves_no_other(
    solve: Callable[..., Any], problem: tuple[Tensor, int]
) -> None:
    points, num_clusters = problem
    with_absent = torch.cat([points[:1] * torch.nan, points, torch.tensor([torch.inf], dtype=points.dtype)])
    assignment, weights = solve(with_absent, num_clusters)
    alone = solve(points, num_clusters)
    assert assignment[[0, -1]].tolist() == [-1, -1]
    if num_clusters == len(points):  # Solved exactly there, and to rounding beside absent points.
        assert cost(points, Grouping(assignment[1:-1], weights)) <= rounding(points)
    else:
        assert torch.equal(assignment[1:-1], alone.assignment)
        torch.testing.assert_close(weights, alone.group_weights, rtol=1e-14, atol=0)


@SOLVERS
@PROPERTY
@given(problems(largest=12))
def test_as_many_clusters_as_points_are_their_values(solve: Callable[..., Any], problem: tuple[Tensor, int]) -> None:
    points, _ = problem
    found, finite = solve(points, len(points)), points.isfinite()
    values, ranks = points[finite].unique(return_inverse=True)
    assert torch.equal(found.assignment, torch.full_like(found.assignment, -1).masked_scatter(finite, ranks))
    empty = values[-1:].expand(len(points) - len(values)) if len(values) else torch.zeros_like(points)
    torch.testing.assert_close(found.group_weights, torch.cat([values, empty]), rtol=1e-14, atol=0)


def test_as_many_clusters_as_points_need_no_matrix() -> None:
    points = torch.rand(100_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for solve in (on_device, on_host):  # 80 GB, were there a number for each pair
        assert solve(points, len(points)).assignment.equal(points.argsort().argsort())


@PROPERTY
@given(problems(largest=12))
def test_device_and_host_find_groupings_of_equal_cost(problem: tuple[Tensor, int]) -> None:
    points, num_clusters = problem
    difference = cost(points, on_device(points, num_clusters)) - cost(points, on_host(points, num_clusters))
    assert abs(difference) <= rounding(points)


@pytest.mark.parametrize("num_points", [1, 2, 3, 11, 40, 63, 64, 65, 128, 129, 200, 1000])
def test_device_and_host_find_the_same_grouping_of_distinct_points(num_points: int) -> None:
    points = torch.rand(num_points, dtype=torch.float64, generator=torch.Generator().manual_seed(num_points))
    for num_clusters in {1, 2, min(5, num_points), min(10, num_points)} - {num_points + 1}:
        if num_clusters <= num_points:
            host, device = on_host(points, num_clusters), on_device(points, num_clusters)
            assert torch.equal(host.assignment, device.assignment)
            torch.testing.assert_close(host.group_weights, device.group_weights, rtol=1e-13, atol=0)


@PROPERTY
@given(problems(largest=10))
def test_path_holds_the_optimum_of_every_number_of_clusters(problem: tuple[Tensor, int]) -> None:
    points, most = problem
    path = optimal_path(points, most)
    for row, assignment in enumerate(path.assignment):
        grouping = Grouping(assignment, path.group_weights[row])
        assert abs(cost(points, grouping) - brute_force(points, row + 1)) <= rounding(points)


@PROPERTY
@given(problems(largest=10))
def test_sum_of_squares_is_the_value_of_equation_3(problem: tuple[Tensor, int]) -> None:
    points, num_clusters = problem
    grouping = kmeans_1d(points, num_clusters)
    expected = cost(points, grouping)
    assert math.isclose(
        sum_of_squares(points, grouping), expected, rel_tol=1e-6, abs_tol=1e-9 * brute_force(points, 1)
    )
