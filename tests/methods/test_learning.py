from typing import Any

import pytest
import torch
from torchjd.aggregation import MGDA, NashMTL
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, Sum

from lightning_go4align.methods import GO4Align, GroupedAggregator, GroupedScalarizer, WithLearningRate
from lightning_go4align.methods.learning import (
    learned_parameters,
    learning_after_epoch,
    learning_after_step,
    parameter_groups,
)


@pytest.mark.parametrize("method", [UW(3), IMTLL(3), GroupedScalarizer(UW(3)), WithLearningRate(UW(3))], ids=str)
def test_parameters_of_the_method_are_for_the_optimizer(method: Any) -> None:
    assert [parameter.shape for parameter in learned_parameters(method)] == [(3,)]


@pytest.mark.parametrize("method", [Sum(), GO4Align(), MGDA(), FAMO(3), GroupedScalarizer(FAMO(3))], ids=str)
def test_what_a_method_steps_itself_is_not_for_the_optimizer(method: Any) -> None:
    assert learned_parameters(method) == []


def test_learning_rate_is_the_published_one() -> None:
    assert [(group["lr"], group["weight_decay"]) for group in parameter_groups(UW(2))] == [(0.025, 0.0)]


def test_learning_rate_can_be_given_inside_of_groups() -> None:
    method = GroupedScalarizer(WithLearningRate(UW(2), learning_rate=0.5))
    assert [group["lr"] for group in parameter_groups(method)] == [0.5]


def test_learning_rate_changes_nothing_else() -> None:
    losses = torch.tensor([1.0, 2.0])
    assert WithLearningRate(UW(2), 0.5)(losses) == UW(2)(losses)


def test_only_famo_learns_after_the_step_and_only_dwa_after_the_epoch() -> None:
    famo, dwa = GroupedScalarizer(FAMO(3)), GroupedScalarizer(DWA())
    assert (learning_after_step(famo), learning_after_epoch(famo)) == ([famo.method], [])  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.
    assert (learning_after_step(dwa), learning_after_epoch(dwa)) == ([], [dwa.method])  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


def test_a_number_called_step_is_not_a_method_of_the_epoch() -> None:
    assert learning_after_epoch(GroupedAggregator(NashMTL(n_tasks=3))) == []


def test_containers_of_torch_do_not_learn() -> None:
    method = Sum()
    method.parts = torch.nn.ModuleDict({"part": torch.nn.Identity()})
    assert learning_after_step(method) == []


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_learning_rate_is_refused_with_advice(rate: float) -> None:
    with pytest.raises(ValueError, match=r"`learning_rate` must be positive and finite, but is"):
        WithLearningRate(UW(3), rate)


@pytest.mark.parametrize("method", [Sum(), FAMO(3)], ids=str)
def test_learning_rate_of_nothing_is_refused_with_advice(method: Any) -> None:
    with pytest.raises(ValueError, match=r"Use it without `WithLearningRate`"):
        WithLearningRate(method)
