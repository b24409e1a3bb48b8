"""What a grouping takes, gives back and refuses, and how it solves many points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from functional.solvers import SOLVERS, cost, on_device, on_host
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping, kmeans_1d
from lightning_go4align.functional.kmeans_torch import solve_path_by_torch


def dynamic_programme(points: Tensor, num_clusters: int) -> float:
    """Least sum of squares for many points, by the textbook's recursion over two-pass costs."""
    ordered = np.sort(points.numpy())
    size = len(ordered)
    costs = np.full((size + 1, size + 1), np.inf)
    for start in range(size):
        counts = np.arange(1, size - start + 1)
        moved = ordered[start:] - ordered[start]
        costs[start, start + 1 :] = np.cumsum(moved**2) - np.cumsum(moved) ** 2 / counts
    best = costs[0]
    for _ in range(num_clusters - 1):
        best = (best[:, None] + costs).min(0)
    return float(best[-1])


@SOLVERS
@pytest.mark.parametrize("num_points", [1, 2, 10, 63, 64, 65, 127, 128, 129, 500, 1000])
def test_optimum_for_many_points(solve: Callable[..., Any], num_points: int) -> None:
    generator = torch.Generator().manual_seed(num_points)
    points = torch.rand(num_points, dtype=torch.float64, generator=generator).pow(3)
    num_clusters = min(5, num_points)
    found = cost(points, solve(points, num_clusters))
    assert found <= dynamic_programme(points, num_clusters) + 1e-10


@SOLVERS
def test_many_points_of_few_values(solve: Callable[..., Any]) -> None:
    points = torch.randint(4, (300,), generator=torch.Generator().manual_seed(0)).double()
    assert torch.equal(solve(points, 4).assignment, points.long())


@SOLVERS
def test_optimum_for_many_points_of_more_values_than_groups(solve: Callable[..., Any]) -> None:
    points = torch.randint(9, (300,), generator=torch.Generator().manual_seed(0)).double().square()
    grouping = solve(points, 4)
    assert cost(points, grouping) <= dynamic_programme(points, 4) + 1e-8
    assert len({*zip(points.tolist(), grouping.assignment.tolist(), strict=True)}) == 9  # One group for each value.


@SOLVERS
@pytest.mark.parametrize("num_points", [70, 300])
def test_many_equal_points_are_one_group(solve: Callable[..., Any], num_points: int) -> None:
    assignment, weights = solve(torch.full((num_points,), 3.0), 2)
    assert not assignment.any()
    assert weights.tolist() == [3.0, 3.0]


@SOLVERS
def test_empty_groups_repeat_the_largest_weight(solve: Callable[..., Any]) -> None:
    assignment, weights = solve(torch.tensor([2.0, 1.0, 2.0, 1.0]), 4)
    assert assignment.tolist() == [1, 0, 1, 0]
    assert weights.tolist() == [1.0, 2.0, 2.0, 2.0]


@SOLVERS
def test_no_point_at_all_is_no_group_of_weight_0(solve: Callable[..., Any]) -> None:
    assignment, weights = solve(torch.full((3,), torch.nan), 2)
    assert assignment.tolist() == [-1, -1, -1]
    assert weights.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("num_points", [4, 300])
def test_several_sets_of_points_are_solved_at_once_as_one_by_one(num_points: int) -> None:
    points = torch.randint(5, (3, num_points), generator=torch.Generator().manual_seed(0)).double().exp()
    points[1, 0] = torch.nan
    assignments, means = solve_path_by_torch(points, range(1, 5))
    for row, alone in enumerate(points):
        for size in range(1, 5):
            grouping = kmeans_1d(alone, size)
            assert torch.equal(assignments[size - 1, row], grouping.assignment)
            fill = grouping.group_weights[-1:].expand(4 - size)  # Empty groups repeat the largest.
            torch.testing.assert_close(means[size - 1, row], torch.cat([grouping.group_weights, fill]))


def test_float32_points_that_nearly_agree_are_still_told_apart() -> None:
    points = torch.tensor([1.0, 1.0 + 3e-7, 1.0 + 9e-7, 1.0 + 10e-7])
    for solve in (on_host, on_device):
        assert solve(points, 2).assignment.tolist() == [0, 0, 1, 1]


def test_solver_on_an_accelerator_never_reads_a_value() -> None:
    points = torch.empty(11, device="meta")  # There any read of a value is an error.
    assert kmeans_1d(points, 5).assignment.shape == (11,)


def test_solver_on_an_accelerator_is_allowed_when_only_deterministic_algorithms_are() -> None:
    points = torch.rand(50, generator=torch.Generator().manual_seed(0))
    expected = on_device(points, 5)
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.equal(on_device(points, 5).assignment, expected.assignment)
    finally:
        torch.use_deterministic_algorithms(False)


def test_weights_have_the_dtype_of_the_points() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        assert kmeans_1d(torch.tensor([1.0, 2.0, 5.0], dtype=dtype), 2).group_weights.dtype == dtype


def test_task_of_no_group_has_weight_0() -> None:
    grouping = Grouping(torch.tensor([1, -1, 0]), torch.tensor([0.5, 2.0]))
    assert grouping.task_weights.tolist() == [2.0, 0.0, 0.5]
    assert grouping.matrix.sum(0).tolist() == [1.0, 0.0, 1.0]


def test_task_weights_are_group_weights_times_matrix() -> None:
    grouping = kmeans_1d(torch.rand(20, generator=torch.Generator().manual_seed(0)), 4)
    torch.testing.assert_close(grouping.group_weights @ grouping.matrix, grouping.task_weights)


@pytest.mark.parametrize("num_clusters", [0, -1, 4])
def test_impossible_number_of_groups_is_refused_with_advice(num_clusters: int) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 3\], the number of tasks, but is .*Change it"):
        kmeans_1d(torch.tensor([1.0, 2.0, 3.0]), num_clusters)


@pytest.mark.parametrize("shape", [(), (0,), (2, 2)], ids=str)
def test_points_that_are_no_vector_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be a vector of at least one number"):
        kmeans_1d(torch.ones(shape), 1)
