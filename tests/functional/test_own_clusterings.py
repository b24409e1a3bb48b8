"""A clustering of the user's own that breaks what ``Grouping`` says is told so by name."""

from typing import Any

import numpy as np
import pytest
import torch
from torchjd.scalarization import Sum

from lightning_go4align import GO4Align, GroupedScalarizer, Grouping, RobustGO4Align
from lightning_go4align.clustering import FixedGroups, RandomGroups, log_kmeans_1d, ungrouped
from lightning_go4align.functional.grouping import kmeans_1d
from lightning_go4align.functional.indicators import scale_vector
from lightning_go4align.functional.objective import weighted_risk

METHODS = {
    "GO4Align": lambda mine: GO4Align(2, clustering=mine),
    "robust": lambda mine: RobustGO4Align(num_groups=2, clustering=mine),
    "grouped": lambda mine: GroupedScalarizer(Sum(), 2, clustering=mine),
}
GROUPS = torch.tensor([0, 1, 0])
BROKEN: dict[str, tuple[Any, str]] = {
    "a tuple": (
        (GROUPS, torch.ones(2)),
        r"must return a `Grouping\(.*\)`, but mine returned a tuple",
    ),
    "float groups": (Grouping(GROUPS.float(), torch.ones(2)), "mine returned torch.float32 of shape"),
    "too few": (Grouping(GROUPS[:2], torch.ones(2)), r"int64 of shape \[3\], .* of shape \[2\]"),
    "whole weights": (Grouping(GROUPS, torch.tensor([1, 2])), "floating-point weights"),
    "not ranked": (Grouping(GROUPS, torch.tensor([5.0, 1.0])), r"mine returned the weights \[5.0, 1.0\]. Sort them"),
    "NaN": (Grouping(GROUPS, torch.tensor([1.0, torch.nan])), "not all are finite"),
    "no such group": (Grouping(GROUPS + 1, torch.tensor([1.0, 2.0])), r"the groups \[1, 2, 1\] with 2 weights"),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_what_is_broken_is_named(make: Any, broken: str) -> None:
    found, said = BROKEN[broken]

    def mine(points: torch.Tensor, num_clusters: int) -> Any:
        return found

    with pytest.raises((TypeError, ValueError), match=said):
        make(mine)(torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_what_keeps_to_it_is_taken(make: Any) -> None:
    def mine(points: torch.Tensor, num_clusters: int) -> Grouping:
        return kmeans_1d(points, num_clusters)

    method = make(mine)
    for losses in ([1.0, 2.0, 3.0], [1.0, torch.nan, 3.0], [torch.nan] * 3):
        assert method(torch.tensor(losses)).isfinite()


@pytest.mark.parametrize("points", [[1.0, 2.0], torch.tensor([1, 2, 9])], ids=["a list", "whole numbers"])
def test_points_are_floating_point_tensors(points: Any) -> None:
    with pytest.raises(TypeError, match="`points` must be a tensor of floating-point numbers, but is of"):
        kmeans_1d(points, 2)


NUMBERS = [2.0, 2.5, "2", True, torch.tensor(2)]
SOLVERS = {
    "kmeans_1d": kmeans_1d,
    "log_kmeans_1d": log_kmeans_1d,
    "ungrouped": ungrouped,
    "FixedGroups": FixedGroups([0, 1, 0]),
    "RandomGroups": RandomGroups(),
}
solvers = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)


@solvers
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_what_is_no_number_of_groups_is_refused(solve: Any, number: Any) -> None:
    with pytest.raises(TypeError, match="`num_groups` must be an integer, but is"):
        solve(torch.tensor([1.0, 2.0, 9.0]), number)


@solvers
def test_a_number_of_numpy_is_one_of_groups(solve: Any) -> None:
    assert solve(torch.tensor([1.0, 2.0, 9.0]), np.int64(2)).assignment.shape[-1] == 3


@solvers
@pytest.mark.parametrize("points", [[1.0, 2.0, 9.0], torch.tensor([1, 2, 9]), torch.ones(3) > 0], ids=str)
def test_points_of_another_kind_are_refused_by_every_clustering(solve: Any, points: Any) -> None:
    with pytest.raises(TypeError, match="`points` must be a tensor of floating-point numbers, but is of"):
        solve(points, 2)


@solvers
def test_weights_of_groups_are_constants(solve: Any) -> None:
    assert not solve(torch.tensor([1.0, 2.0, 9.0], requires_grad=True), 2).group_weights.requires_grad


def test_losses_whose_sum_is_beyond_half_precision_have_a_scale() -> None:
    found = scale_vector(torch.tensor([60000.0, 60000.0, 1.0], dtype=torch.float16))
    assert found.dtype == torch.float16
    assert found.tolist() == pytest.approx([2 / 3, 2 / 3, 40000], rel=1e-3)


def test_whole_losses_are_weighed_as_numbers() -> None:
    assert weighted_risk(torch.tensor([1, 2]), torch.tensor([0.5, 0.25])) == 1.0


def test_a_reduction_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="`reduction` must be 'sum' or 'mean', but is 'max'"):
        scale_vector(torch.ones(2), "max")  # type: ignore[arg-type]  # refused at run time
