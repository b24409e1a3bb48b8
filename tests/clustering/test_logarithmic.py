import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_go4align.clustering import AutomaticLogKMeans, log_kmeans_1d
from lightning_go4align.functional.criterion_numpy import criterion_of_logarithms
from lightning_go4align.functional.number_of_groups import group_number_criterion


def draw(seed: int, size: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).lognormal(sigma=2.0, size=size))


def best_by_trying_all(points: Any, number: int) -> Any:
    logs = np.sort(np.log(points))
    cuts = itertools.combinations(range(1, len(logs)), number - 1)
    return min(sum(part.var() * len(part) for part in np.split(logs, cut)) for cut in cuts)


@pytest.mark.parametrize("number", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_groups_are_the_best_by_ratio(seed: int, number: int) -> None:
    points = draw(seed, 8)
    distances = points.log() - log_kmeans_1d(points, number).task_weights.log()
    assert distances.square().sum().item() == pytest.approx(best_by_trying_all(points.numpy(), number))


def test_a_group_weighs_the_geometric_mean_of_its_points() -> None:
    points = torch.tensor([1e-6, 4e-6, 1.0, 100.0, 1e4], dtype=torch.float64)
    torch.testing.assert_close(
        log_kmeans_1d(points, 2).group_weights, torch.tensor([2e-6, 100.0], dtype=torch.float64)
    )


def test_groups_a_factor_of_ten_apart_are_found_where_a_linear_scale_misses_them() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 4)) * 0.2).exp()
    points = (10.0 ** torch.arange(3)[:, None] * noise).flatten()
    assert log_kmeans_1d(points, 3).assignment.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert AutomaticLogKMeans()(points).assignment.tolist() == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize(
    "solve", [lambda points: log_kmeans_1d(points, 2), lambda points: AutomaticLogKMeans()(points)]
)
def test_what_is_no_indicator_is_in_no_group(solve: Callable[..., Any], value: float) -> None:
    assignment = solve(torch.tensor([1.0, value, 1.1, 50.0], dtype=torch.float64)).assignment
    assert assignment.tolist() == [0, -1, 0, 1]


def test_no_indicator_at_all_gives_no_group() -> None:
    grouping = AutomaticLogKMeans()(torch.full((3,), torch.nan, dtype=torch.float64))
    assert grouping.assignment.tolist() == [-1, -1, -1]
    assert grouping.task_weights.tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 11, 40])
def test_criterion_of_logarithms_is_that_of_the_indicators(size: int) -> None:
    points = draw(size, size)
    points[: size // 3] = torch.nan
    most = min(8, size)
    found = criterion_of_logarithms(points.log().numpy(), most)
    np.testing.assert_allclose(found, group_number_criterion(points, most), rtol=1e-10)


def test_number_of_groups_is_that_of_the_averaged_criterion_step_by_step() -> None:
    clustering, average = AutomaticLogKMeans(momentum=0.5), None
    for seed in range(20):
        points = draw(seed, 11)
        scores = group_number_criterion(points, 8)
        scores = scores - scores[0]
        average = scores if average is None else (average + scores) / 2
        expected = log_kmeans_1d(points, int(average.argmin()) + 1)
        found = clustering(points)
        assert torch.equal(found.assignment, expected.assignment)
        torch.testing.assert_close(found.task_weights, expected.task_weights)
        average = average.float().double()  # as it is kept
        torch.testing.assert_close(clustering.criterion.double(), average)


def test_accelerators_and_the_host_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    host, device = AutomaticLogKMeans(), AutomaticLogKMeans()
    for seed in range(20):
        points = draw(seed, 9)
        expected = host(points)
        with monkeypatch.context() as patch:
            patch.setattr("lightning_go4align.clustering.logarithmic.is_readable", lambda values: False)
            found = device(points)
        assert torch.equal(found.assignment, expected.assignment)
        torch.testing.assert_close(found.group_weights, expected.group_weights)
    torch.testing.assert_close(device.criterion, host.criterion)


def test_half_precision_points_are_grouped() -> None:
    assert AutomaticLogKMeans()(torch.tensor([1.0, 1.0, 9e3, 9e3]).bfloat16()).assignment.tolist() == [0, 0, 1, 1]


def test_a_number_of_groups_is_refused_where_it_is_chosen() -> None:
    with pytest.raises(ValueError, match="`max_groups` bounds it"):
        AutomaticLogKMeans()(torch.ones(3), 2)


@pytest.mark.parametrize(("argument", "value"), [("max_groups", 0), ("momentum", 1.0), ("momentum", -0.1)])
def test_bad_argument_is_refused(argument: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"`{argument}` must be"):
        AutomaticLogKMeans(**{argument: value})  # type: ignore[arg-type]  # One argument or another.


def test_nothing_of_the_past_is_left_after_reset() -> None:
    clustering = AutomaticLogKMeans()
    clustering(draw(0, 5))
    clustering.reset()
    assert torch.equal(clustering.criterion, AutomaticLogKMeans().criterion)


@pytest.mark.parametrize("nothing", [0.0, math.inf, math.nan, -1.0])
def test_of_more_points_than_the_host_solves_one_without_a_logarithm_is_in_no_group(nothing: float) -> None:
    points = torch.cat([draw(0, 600), 1e6 * draw(1, 600), torch.tensor([nothing])])
    grouping = AutomaticLogKMeans()(points)
    without = AutomaticLogKMeans()(points[:-1])
    assert grouping.assignment[-1] == -1
    assert torch.equal(grouping.assignment[:-1], without.assignment)
    torch.testing.assert_close(grouping.group_weights, without.group_weights)
