import json
import math
from pathlib import Path
from typing import Any, NoReturn

import kmeans_pytorch
import pytest
import torch
from functional.solvers import sum_of_squares
from torch import Tensor, tensor

from lightning_go4align.clustering import lloyd
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.functional.grouping import kmeans_1d

FAILURES = json.loads((Path(__file__).parent.parent / "data" / "kmeans_pytorch_failures.json").read_text())["cases"]
HANGING = [
    pytest.param(case, id=f"{number}-{case['name']}")
    for number, case in enumerate(FAILURES)
    if case["outcome"].startswith("HANG")
]


@pytest.mark.parametrize("case", HANGING)
def test_it_returns_where_the_package_never_does(case: dict[str, Any]) -> None:
    points = tensor([float(value) for value in case["x"]])
    grouping = Lloyd()(points, case["K"])
    assert grouping.group_weights.isfinite().all()
    assert torch.equal(grouping.assignment >= 0, points.isfinite())


@pytest.mark.parametrize("case", HANGING)
def test_every_group_has_a_task_where_there_are_enough_points(case: dict[str, Any]) -> None:
    points = tensor([float(value) for value in case["x"]])
    distinct = len(points[points.isfinite()].unique())
    grouping = Lloyd()(points, case["K"])
    occupied = grouping.assignment[grouping.assignment >= 0].unique()
    assert len(occupied) == min(case["K"], distinct)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # {0, 1} and {10, 11, 30} have the means 0.5 and 17, from which 30 lies farthest.
        pytest.param([0.5, 10.5, 1000.0], [0, 0, 1, 1, 2], id="one"),
        # All have the mean 10.4: 30 is farthest from it, and then 0.
        pytest.param([0.5, 1000.0, 2000.0], [0, 0, 1, 1, 2], id="two"),
    ],
)
def test_an_empty_group_takes_the_point_farthest_from_its_centre(
    monkeypatch: pytest.MonkeyPatch, start: list[float], expected: list[int]
) -> None:
    monkeypatch.setattr(lloyd, "_start", lambda distinct, num_clusters: tensor(start)[:, None])
    assert Lloyd()(tensor([0.0, 1.0, 10.0, 11.0, 30.0]), 3).assignment.tolist() == expected


def test_it_is_what_the_package_finds_from_the_same_start(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    started = []
    original = torch.Tensor.index_select

    def record(self: Tensor, dim: int, index: Tensor) -> Tensor:
        chosen = original(self, dim, index)
        started.append(chosen.clone())
        return chosen

    points = torch.rand(12, generator=torch.Generator().manual_seed(3)) * 10
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "index_select", record)
        found = Lloyd()(points, 4)
    monkeypatch.setattr(kmeans_pytorch, "initialize", lambda points, number: started[0][:, None].clone())
    labels, centres = kmeans_pytorch.kmeans(points[:, None], 4)
    torch.testing.assert_close(found.task_weights, centres[labels, 0])


def test_it_is_a_local_optimum_only() -> None:
    generator, missed = torch.Generator().manual_seed(0), 0
    for _ in range(20):
        points = torch.rand(11, generator=generator)
        missed += bool(
            sum_of_squares(points, Lloyd()(points, 5)) > 1.001 * sum_of_squares(points, kmeans_1d(points, 5))
        )
    assert missed > 5


def test_another_seed_of_torch_starts_elsewhere() -> None:
    points = torch.rand(40, generator=torch.Generator().manual_seed(0))
    found = []
    with torch.random.fork_rng():
        for seed in range(6):
            torch.manual_seed(seed)
            found.append(tuple(Lloyd()(points, 5).assignment.tolist()))
    assert len(set(found)) > 1


def test_it_stops_at_the_limit() -> None:
    points = torch.rand(200, generator=torch.Generator().manual_seed(0)) * 1000
    one, many = Lloyd(iter_limit=1)(points, 8), Lloyd(iter_limit=1000, tol=1e-12)(points, 8)
    assert one.num_occupied == 8  # Each point is in the group of the nearest centre.
    assert sum_of_squares(points, one) > sum_of_squares(points, many)


def test_it_stops_where_the_centres_move_less_than_told() -> None:
    points = torch.rand(200, generator=torch.Generator().manual_seed(0))
    coarse, fine = Lloyd(tol=1.0)(points, 8), Lloyd(tol=1e-12)(points, 8)
    assert sum_of_squares(points, coarse) > sum_of_squares(points, fine)


def test_points_beyond_float32_have_finite_weights() -> None:
    assert Lloyd()(tensor([1e300, 2e300, 1.0], dtype=torch.float64), 2).assignment.tolist() == [1, 1, 0]


def test_points_equal_in_float32_but_not_in_float64_do_not_hang() -> None:
    points = tensor([1.0, 1.0 + 1e-12, 1.0 + 2e-12, 2.0], dtype=torch.float64)
    assert Lloyd()(points, 3).task_weights.isfinite().all()


def test_the_package_is_left_as_it_was() -> None:
    before = dict(vars(kmeans_pytorch))
    Lloyd()(torch.rand(9), 3)
    assert vars(kmeans_pytorch) == before


def test_the_package_is_left_as_it_was_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(vars(kmeans_pytorch))

    def fail(*arguments: Any) -> NoReturn:
        raise ArithmeticError

    monkeypatch.setattr("kmeans_pytorch.pairwise_distance", fail)
    with pytest.raises(ArithmeticError):
        Lloyd()(torch.rand(9), 3)
    monkeypatch.undo()
    assert vars(kmeans_pytorch) == before


@pytest.mark.parametrize("arguments", [{"iter_limit": 0}, {"tol": 0.0}, {"tol": math.nan}], ids=str)
def test_bad_argument_is_refused_with_advice(arguments: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match=r"`iter_limit` must be at least 1, but|`tol` must be positive and finite, but"
    ):
        Lloyd(**arguments)
