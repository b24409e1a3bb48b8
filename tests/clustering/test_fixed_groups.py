import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import tensor

from lightning_go4align import GO4Align, GroupedScalarizer, RobustGO4Align
from lightning_go4align.clustering import FixedGroups, FixedGroupWeights, RandomGroups, RandomGroupWeights, ungrouped
from lightning_go4align.methods import SI

POINTS = tensor([4.0, 1.0, 2.0])


def test_weights_of_fixed_groups_are_their_mean_indicators() -> None:
    assert FixedGroups([0, 1, 0])(POINTS, 2).task_weights.tolist() == [3.0, 1.0, 3.0]


def test_given_groups_know_how_many_they_are() -> None:
    assert FixedGroups([0, 2, 0])(POINTS).group_weights.shape == (3,)
    methods = [RobustGO4Align(number, FixedGroups([0, 1, 0])) for number in (None, 2)]
    objectives = [method(tensor([4.0, 1.0, 2.0])) for method in methods]
    assert objectives[0] == objectives[1]


def test_points_near_the_largest_number_have_a_finite_mean() -> None:
    points = tensor([3e38, 2e38, 1.0])
    torch.testing.assert_close(FixedGroups([0, 0, 1])(points, 2).task_weights, tensor([2.5e38, 2.5e38, 1.0]))


def test_groups_are_ranked_by_weight_whatever_their_given_number() -> None:
    assert FixedGroups([0, 1, 0])(POINTS, 2).assignment.tolist() == [1, 0, 1]


def test_fixed_weights_go_to_the_groups_as_given() -> None:
    grouping = FixedGroups([0, 1, 1], FixedGroupWeights([0.6, 0.2]))(POINTS, 2)  # Fig. 5 f
    torch.testing.assert_close(grouping.task_weights, tensor([0.6, 0.2, 0.2]))
    assert grouping.assignment.tolist() == [1, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_fixed_weights_have_the_dtype_of_the_points(dtype: torch.dtype) -> None:
    grouping = FixedGroups([0, 1, 1], FixedGroupWeights([0.5, 0.25]))(POINTS.to(dtype), 2)
    assert grouping.group_weights.dtype == dtype


def test_random_groups_take_every_assignment() -> None:
    torch.manual_seed(0)
    drawn = {tuple(RandomGroups()(POINTS, 2).matrix.T[:, 0].tolist()) for _ in range(100)}
    assert len(drawn) == 4  # All tasks together, or one of the three alone.


def test_random_groups_of_fixed_weight_weigh_a_task_by_its_group() -> None:
    torch.manual_seed(0)
    clustering = RandomGroups(FixedGroupWeights([0.9, 0.1]))  # Fig. 5 d
    drawn = torch.stack([clustering(POINTS, 2).task_weights for _ in range(200)])
    assert drawn.unique().tolist() == tensor([0.1, 0.9]).tolist()
    torch.testing.assert_close(drawn.mean(0), torch.full((3,), 0.5), atol=0.1, rtol=0)


def test_random_weights_add_up_to_1_and_differ_by_group() -> None:
    torch.manual_seed(0)
    clustering = FixedGroups([0, 1, 1], RandomGroupWeights())  # Fig. 5 i
    drawn = torch.stack([clustering(POINTS, 2).task_weights for _ in range(50)])
    torch.testing.assert_close(drawn.sum(1), torch.ones(50))
    assert torch.equal(drawn[:, 1], drawn[:, 2])
    assert len(drawn[:, 0].unique()) == 50


def test_random_weights_are_the_same_under_any_default_dtype() -> None:
    drawn = []
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        torch.set_default_dtype(dtype)
        torch.manual_seed(5)
        drawn.append(FixedGroups([0, 1, 1], RandomGroupWeights())(POINTS, 2).group_weights)
    torch.testing.assert_close(drawn[1:], [drawn[0], drawn[0]], rtol=0, atol=0)


def test_random_groups_come_from_torchs_seed() -> None:
    torch.manual_seed(3)
    first = [RandomGroups()(POINTS, 2).assignment.tolist() for _ in range(5)]
    torch.manual_seed(3)
    assert [RandomGroups()(POINTS, 2).assignment.tolist() for _ in range(5)] == first


@pytest.mark.parametrize(
    "clustering",
    [
        pytest.param(FixedGroups([0, 1, 0]), id="fixed"),
        pytest.param(FixedGroups([0, 1, 0], FixedGroupWeights([0.5, 0.1])), id="fixed weights"),
        pytest.param(FixedGroups([0, 1, 0], RandomGroupWeights()), id="random weights"),
        pytest.param(RandomGroups(), id="random"),
        pytest.param(ungrouped, id="ungrouped"),
    ],
)
def test_absent_task_is_in_no_group(clustering: Callable[..., Any]) -> None:
    grouping = clustering(tensor([4.0, math.nan, 2.0]), 2)
    assert grouping.assignment[1] == -1
    assert grouping.task_weights[1] == 0
    assert grouping.group_weights.isfinite().all()


def test_ungrouped_tasks_keep_their_own_weight() -> None:
    assert ungrouped(POINTS, 1).task_weights.tolist() == POINTS.tolist()


@pytest.mark.parametrize("make", [GO4Align, RobustGO4Align, lambda **parts: GroupedScalarizer(SI(), **parts)])
def test_tasks_alone_need_no_number_of_groups(make: Callable[..., Any]) -> None:
    losses = torch.tensor([3.0, 1.0, 1.0, 2.0])
    methods = make(num_groups=None, clustering=ungrouped), make(num_groups=1, clustering=ungrouped)
    for method in methods:
        method(losses)
        assert method.grouping.assignment.tolist() == [0, 2, 2, 1]  # by weight; equal ones are together
    torch.testing.assert_close(methods[0].task_weights, methods[1].task_weights)


GIVEN = [FixedGroups([0, 1, 1], FixedGroupWeights([1.0, 2.0])), RandomGroups(), ungrouped]


@pytest.mark.parametrize("clustering", GIVEN)
def test_groups_are_where_the_points_are(clustering: Callable[..., Any]) -> None:
    found = clustering(torch.empty(3, device="meta"), 2)
    assert {tensor.device.type for tensor in found} == {"meta"}


@pytest.mark.parametrize("clustering", [FixedGroups([0, 1, 1]), RandomGroups(), ungrouped])
@pytest.mark.parametrize(("shape", "num_groups"), [((3,), 4), ((3,), 0), ((3, 1), 2), ((0,), 1)], ids=str)
def test_points_and_numbers_that_fit_no_grouping_are_refused(
    clustering: Callable[..., Any], shape: tuple[int, ...], num_groups: int
) -> None:
    with pytest.raises(ValueError, match=r"must be a vector of at least one|`num_groups` must lie in \[1, 3\]"):
        clustering(torch.ones(shape), num_groups)


@pytest.mark.parametrize("clustering", [lambda weights: FixedGroups([0], weights), RandomGroups])
def test_weights_are_an_object_that_is_called(clustering: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"`weights` is the class FixedGroupWeights: pass an instance"):
        clustering(FixedGroupWeights)
    with pytest.raises(TypeError, match=r"such as `FixedGroupWeights\(\[0\.6, 0\.2\]\)`, but is \[0\.6\]"):
        clustering([0.6])


@pytest.mark.parametrize("groups", [[0, 1], [0, 1, 2]], ids=str)
def test_groups_that_do_not_fit_are_refused_with_advice(groups: list[int]) -> None:
    with pytest.raises(ValueError, match=r"from 0 to 1 for each of 3 tasks, but is .*Change it, or `num_groups`"):
        FixedGroups(groups)(POINTS, 2)


@pytest.mark.parametrize("groups", [[], [0, 1], [0, 3, 3]], ids=str)
def test_groups_that_do_not_fit_are_refused_without_a_number_too(groups: list[int]) -> None:
    with pytest.raises(ValueError, match=r"`groups` must hold one number from 0 to 2 for each of 3 tasks, but is "):
        FixedGroups(groups)(POINTS)


def test_weights_that_do_not_fit_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"one weight for each of 2 groups, but is .*Change it, or `num_groups`"):
        FixedGroups([0, 1, 0], FixedGroupWeights([1.0]))(POINTS, 2)


@pytest.mark.parametrize("weights", [3.0, "12", ["a", 1.0]])
def test_weights_that_are_no_list_of_numbers_are_refused_by_their_name(weights: Any) -> None:
    with pytest.raises(TypeError, match=r"^`weights` "):
        FixedGroupWeights(weights)


def test_negative_weight_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"at least 0, but is -1.0"):
        FixedGroupWeights([-1.0])


def test_a_group_below_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="`groups` must be at least 0, but is -1"):
        FixedGroups([0, -1, 1])


def test_an_empty_group_repeats_the_largest_weight_also_of_negative_ones() -> None:
    grouping = FixedGroups([0, 2, 2, 2])(tensor([-5.0, -1.0, -3.0, -2.0]), 4)
    assert grouping.group_weights.tolist() == [-5.0, -2.0, -2.0, -2.0]
