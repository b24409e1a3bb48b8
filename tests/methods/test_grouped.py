import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import IMTLG, MGDA, AlignedMTL, CAGrad, FairGrad, GradDrop, NashMTL, PCGrad, UPGrad
from torchjd.scalarization import FAMO, UW, GeometricMean, Random, Scalarizer, Sum

from lightning_go4align.clustering import FixedGroups, ungrouped
from lightning_go4align.functional.grouping import kmeans_1d
from lightning_go4align.methods import (
    SI,
    GO4Align,
    GradientScale,
    GroupedAggregator,
    GroupedScalarizer,
    WeightedHeads,
    WithLearningRate,
)

LOSSES = torch.tensor([1.0, 1.5, 40.0, 60.0])
JACOBIAN = torch.randn(4, 9, generator=torch.Generator().manual_seed(0)) * LOSSES[:, None]
SLOW_SOLVER = pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP")
WEIGHTED = [
    MGDA,
    IMTLG,
    PCGrad,
    AlignedMTL,
    UPGrad,
    GradientScale,
    lambda: CAGrad(c=0.4),
    lambda: FairGrad(alpha=2.0),
]


def gradient(method: Scalarizer, losses: Tensor) -> Tensor:
    losses = losses.clone().requires_grad_()
    return torch.autograd.grad(method(losses), losses)[0]


@pytest.mark.parametrize("make", [SI, GeometricMean, lambda: FAMO(4), lambda: UW(4)])
def test_weights_are_the_means_of_the_implied_weights_of_each_group(make: Callable[..., Any]) -> None:
    expected = gradient(make(), LOSSES)
    expected = torch.cat([expected[:2].mean().expand(2), expected[2:].mean().expand(2)])
    torch.testing.assert_close(gradient(GroupedScalarizer(make(), 2), LOSSES), expected)


@pytest.mark.parametrize("make", [SI, GeometricMean, lambda: FAMO(4), lambda: UW(4)])
def test_as_many_groups_as_tasks_leave_the_method_as_it_is(make: Callable[..., Any]) -> None:
    torch.testing.assert_close(gradient(GroupedScalarizer(make(), 4), LOSSES), gradient(make(), LOSSES))


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_groups_over_the_parts_are_go4align(beta: float) -> None:
    whole, parts = GO4Align(2, beta), GroupedScalarizer(GO4Align(beta=beta, clustering=ungrouped), 2)
    for scale in (1.0, 0.5, 0.25):
        expected, found = gradient(whole, LOSSES * scale), gradient(parts, LOSSES * scale)
    torch.testing.assert_close(found, expected)


def test_log_variances_are_learned_as_without_groups() -> None:
    alone, grouped = UW(4), UW(4)
    alone(LOSSES).backward()
    GroupedScalarizer(grouped)(LOSSES.clone().requires_grad_()).backward()
    torch.testing.assert_close(grouped.log_var.grad, alone.log_var.grad, rtol=0, atol=0)


def test_famo_learns_as_without_groups() -> None:
    alone, grouped = FAMO(4), FAMO(4)
    method = GroupedScalarizer(grouped)
    for scale in (1.0, 0.5, 0.25):
        for famo, call in ((alone, alone), (grouped, method)):
            call(LOSSES * scale)
            famo.update(LOSSES * torch.tensor([1.0, 0.8, 0.6, 0.4]) * scale)
    assert torch.equal(grouped._w, alone._w)


def test_random_weights_are_drawn_once_a_step() -> None:
    torch.manual_seed(0)
    expected = gradient(Random(), LOSSES)
    torch.manual_seed(0)
    torch.testing.assert_close(gradient(GroupedScalarizer(Random(), 4), LOSSES), expected)


def test_objective_is_the_weighted_sum() -> None:
    method = GroupedScalarizer(SI())
    objective = method(LOSSES)
    torch.testing.assert_close(objective, (method.task_weights * LOSSES).sum())


def test_absent_task_is_in_no_group() -> None:
    method = GroupedScalarizer(SI(), 2)
    losses = torch.tensor([1.0, math.nan, 40.0])
    weights = gradient(method, losses)
    assert method.grouping.assignment.tolist() == [1, -1, 0]
    torch.testing.assert_close(weights, torch.tensor([1.0, 0.0, 1 / 40]))


def test_absent_task_is_in_no_group_though_the_method_does_not_know_of_absent_tasks() -> None:
    method, alone = GroupedScalarizer(FAMO(3), 2), FAMO(3)
    method(torch.tensor([1.0, 5.0, 40.0]))
    weights = gradient(method, torch.tensor([1.0, math.nan, 40.0]))
    expected = gradient(alone, torch.tensor([1.0, 5.0, 40.0]))
    assert method.grouping.assignment.tolist() == [1, -1, 0]
    torch.testing.assert_close(weights, expected * torch.tensor([1.0, 0.0, 1.0]))


def test_grouping_works_under_no_grad() -> None:
    method = GroupedScalarizer(FAMO(4))
    with torch.no_grad():
        assert not method(LOSSES).requires_grad


@pytest.mark.parametrize("make", WEIGHTED)
def test_gradient_is_the_groups_weighted_sum_of_the_tasks_gradients(make: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    weights = make().weighting(JACOBIAN)
    torch.manual_seed(0)
    found = GroupedAggregator(make(), 2)(JACOBIAN)
    torch.testing.assert_close(found, kmeans_1d(weights, 2).task_weights @ JACOBIAN)


@pytest.mark.parametrize("make", WEIGHTED)
def test_as_many_groups_as_tasks_leave_the_aggregator_as_it_is(make: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    expected = make()(JACOBIAN)
    torch.manual_seed(0)
    torch.testing.assert_close(GroupedAggregator(make(), 4)(JACOBIAN), expected)


@SLOW_SOLVER
def test_nash_mtl_can_be_grouped() -> None:
    aggregator = GroupedAggregator(NashMTL(n_tasks=4), 2)
    found = aggregator(JACOBIAN)
    expected = kmeans_1d(NashMTL(n_tasks=4).weighting(JACOBIAN), 2).task_weights
    torch.testing.assert_close(aggregator.task_weights, expected)
    torch.testing.assert_close(found, expected @ JACOBIAN)


def test_groups_can_come_from_any_clustering() -> None:
    aggregator = GroupedAggregator(GradientScale(), 2, clustering=FixedGroups([0, 1, 0, 1]))
    aggregator(JACOBIAN)
    assert aggregator.grouping.assignment[0] == aggregator.grouping.assignment[2]


def test_step_with_fewer_tasks_than_groups_has_a_group_for_each() -> None:
    aggregator = GroupedAggregator(GradientScale(), 3)
    aggregator(JACOBIAN[:3])
    aggregator(JACOBIAN[:2])
    assert sorted(aggregator.grouping.assignment.tolist()) == [0, 1]


@pytest.mark.parametrize("weighed", [True, False])
def test_convention_of_the_heads_is_the_aggregators(weighed: bool) -> None:
    aggregator = WeightedHeads(MGDA()) if weighed else MGDA()
    assert GroupedAggregator(aggregator).weighs_heads == weighed


def test_weighted_heads_change_nothing_in_the_shared_parameters() -> None:
    torch.testing.assert_close(WeightedHeads(MGDA())(JACOBIAN), MGDA()(JACOBIAN))


def test_aggregator_without_weights_is_refused_with_advice() -> None:
    with pytest.raises(TypeError, match=r"must have weights.*such as torchjd.aggregation.MGDA"):
        GroupedAggregator(GradDrop())


@pytest.mark.parametrize(("wrapper", "inner"), [(GroupedScalarizer, Sum), (GroupedAggregator, MGDA)])
def test_no_group_is_refused_with_advice(wrapper: type[Any], inner: type[Any]) -> None:
    with pytest.raises(ValueError, match=r"`num_groups` must be at least 1, but is 0"):
        wrapper(inner(), num_groups=0)


def test_more_groups_than_tasks_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 4\]"):
        GroupedScalarizer(SI(), 5)(LOSSES)


def test_groups_are_seen_through_a_learning_rate() -> None:
    method = WithLearningRate(GroupedScalarizer(UW(4), 2))
    method(LOSSES)
    inner: Any = method.method
    assert method.grouping is inner.grouping is not None
    assert torch.equal(method.indicators, inner.indicators)
