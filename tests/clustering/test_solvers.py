"""What holds for every solver of Eq. 3."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.clustering import FixedGroups, RandomGroups, kmeans_1d, ungrouped
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.clustering.sdp import SDP
from lightning_go4align.clustering.spectral import Spectral
from lightning_go4align.methods import GO4Align

FOUND = {"exact": kmeans_1d, "lloyd": Lloyd(), "spectral": Spectral(), "sdp": SDP()}
solvers = pytest.mark.parametrize("solve", [pytest.param(solve, id=name) for name, solve in FOUND.items()])
PROPERTY = settings(max_examples=25)

points_of_any_kind = st.lists(
    st.one_of(
        st.floats(0.1, 10.0),
        st.integers(1, 3).map(float),
        st.floats(-20, 20).map(lambda exponent: 10.0**exponent),
        st.sampled_from([math.nan, math.inf]),
    ),
    min_size=1,
    max_size=7,
).map(lambda values: torch.tensor(values, dtype=torch.float64))


@solvers
@PROPERTY
@given(points_of_any_kind, st.integers(1, 7))
def test_weights_are_the_ascending_means_of_the_groups(
    solve: Callable[..., Any], points: Tensor, num_clusters: int
) -> None:
    num_clusters = min(num_clusters, len(points))
    assignment, weights = solve(points, num_clusters)
    assert weights.shape == (num_clusters,)
    assert weights.isfinite().all()
    assert (weights.diff() >= 0).all()
    assert torch.equal(assignment >= 0, points.isfinite())
    for group in assignment[assignment >= 0].unique():
        torch.testing.assert_close(weights[group], points[assignment == group].mean(), rtol=1e-9, atol=0)


@solvers
@PROPERTY
@given(points_of_any_kind, st.integers(1, 7), st.randoms(use_true_random=False))
def test_order_of_points_does_not_matter(
    solve: Callable[..., Any], points: Tensor, num_clusters: int, random: Random
) -> None:
    order = list(range(len(points)))
    random.shuffle(order)
    num_clusters = min(num_clusters, len(points))
    straight, shuffled = solve(points, num_clusters), solve(points[order], num_clusters)
    assert torch.equal(shuffled.assignment, straight.assignment[order])


@pytest.mark.parametrize(
    ("name", "num_points", "num_clusters"),
    [(name, *sizes) for name in FOUND for sizes in [(3, 2), (11, 5), (40, 5)] if name != "lloyd" or sizes[1] == 2],
)
def test_groups_far_apart_are_found(name: str, num_points: int, num_clusters: int) -> None:
    expected = torch.arange(num_points) % num_clusters
    noise = torch.rand(num_points, generator=torch.Generator().manual_seed(0))
    points = 10.0 * expected + 0.1 * noise
    assert torch.equal(FOUND[name](points, num_clusters).assignment, expected)  # type: ignore[operator]  # The table holds clusterings of several types.


@solvers
def test_there_are_no_more_groups_than_distinct_points(solve: Callable[..., Any]) -> None:
    assignment, weights = solve(torch.tensor([2.0, 1.0, 2.0, 1.0]), 3)
    assert assignment.tolist() == [1, 0, 1, 0]
    assert weights.tolist() == [1.0, 2.0, 2.0]


@solvers
def test_as_many_groups_as_points_leave_each_alone(solve: Callable[..., Any]) -> None:
    assert solve(torch.tensor([3.0, 1.0, 2.0]), 3).task_weights.tolist() == [3.0, 1.0, 2.0]


@solvers
def test_one_group_holds_all(solve: Callable[..., Any]) -> None:
    assert solve(torch.tensor([3.0, 1.0, 2.0]), 1).task_weights.tolist() == [2.0, 2.0, 2.0]


@solvers
def test_nothing_but_absent_points_is_no_group(solve: Callable[..., Any]) -> None:
    grouping = solve(torch.full((3,), math.nan), 2)
    assert grouping.assignment.tolist() == [-1, -1, -1]
    assert grouping.group_weights.tolist() == [0.0, 0.0]


@solvers
def test_groups_are_constants_without_a_graph(solve: Callable[..., Any]) -> None:
    assert not solve(torch.tensor([1.0, 2.0, 3.0, 9.0], requires_grad=True), 2).group_weights.requires_grad


@solvers
def test_dtype_of_the_points_is_kept(solve: Callable[..., Any]) -> None:
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        assert solve(torch.tensor([1.0, 2.0, 3.0, 9.0], dtype=dtype), 2).group_weights.dtype == dtype


@solvers
def test_nothing_is_printed_and_no_global_generator_moves(
    solve: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    points = torch.rand(11, generator=torch.Generator().manual_seed(0))
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    first = solve(points, 5)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()  # type: ignore[index]  # noqa: NPY002
    assert torch.equal(solve(points, 5).assignment, first.assignment)
    assert capfd.readouterr() == ("", "")


@solvers
def test_impossible_number_of_groups_is_refused_with_advice(solve: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 2\], the number of tasks, but is .*Change it"):
        solve(torch.tensor([1.0, 2.0]), 3)


@pytest.mark.parametrize(
    "clustering",
    [*FOUND.values(), ungrouped, RandomGroups(), FixedGroups([0, 1, 1, 0])],
    ids=[*FOUND, "ungrouped", "random", "fixed"],
)
def test_go4align_trains_with_it(clustering: Callable[..., Any]) -> None:
    parameters = torch.ones(4, requires_grad=True)
    optimizer = torch.optim.SGD([parameters], lr=0.01)
    method = GO4Align(2, clustering=clustering)
    for _ in range(20):
        losses = torch.tensor([1.0, 1.2, 10.0, 12.0]) * parameters.square() + 0.1
        optimizer.zero_grad()
        method(losses).backward()
        optimizer.step()
    assert (parameters < 1).all()
