import math
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from torch import Tensor
from torchjd.scalarization import Scalarizer, Sum

from lightning_go4align.clustering import FixedGroups
from lightning_go4align.methods import FixedWeights, GroupedScalarizer, SingleTask, WithLowerBounds
from lightning_go4align.methods.fields import differing_fields, method_fields
from lightning_go4align.methods.fixed import name_tasks
from lightning_go4align.methods.intended import intended_weights

LOSSES = torch.tensor([2.0, 4.0, 8.0])


def gradient(method: Scalarizer, losses: Tensor) -> list[float]:
    losses = losses.clone().requires_grad_()
    return torch.autograd.grad(method(losses), losses)[0].tolist()


def test_weights_are_as_given() -> None:
    assert gradient(FixedWeights([1.0, 0.0, 0.5]), LOSSES) == [1.0, 0.0, 0.5]


@pytest.mark.parametrize("task", [1, "depth"])
def test_only_the_single_task_is_trained(task: int | str) -> None:
    method = SingleTask(task)
    name_tasks(method, ["segmentation", "depth", "normal"])
    assert gradient(method, LOSSES) == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("method", [FixedWeights([1.0, 1.0, 1.0]), SingleTask(1)], ids=str)
def test_absent_task_has_weight_0(method: Any) -> None:
    assert gradient(method, torch.tensor([2.0, math.nan, 8.0]))[1] == 0


def test_names_reach_a_method_in_another() -> None:
    method = GroupedScalarizer(SingleTask("depth"))
    name_tasks(method, ["segmentation", "depth", "normal"])
    method(LOSSES)
    assert method.indicators.tolist() == [0.0, 1.0, 0.0]


def test_method_without_interest_in_names_is_left_alone() -> None:
    method = Sum()
    before = dict(vars(method))
    name_tasks(method, ["segmentation"])
    assert vars(method) == before


def test_unknown_task_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"must be one of \['a', 'b'\], but is 'c'. Name one of them"):
        name_tasks(SingleTask("c"), ["a", "b"])


def test_name_without_names_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="Give the number of the task, or call `name_tasks` first"):
        SingleTask("depth")(LOSSES)


@pytest.mark.parametrize("task", [-1, 3])
def test_task_out_of_range_is_refused_with_advice(task: int) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 2\], but is .*Choose one of these"):
        SingleTask(task)(LOSSES)


def test_wrong_number_of_weights_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"one number for each of the 3 tasks, but holds 2.*Change their number"):
        FixedWeights([1.0, 1.0])(LOSSES)


def test_negative_weight_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"`weights` must be a number of at least 0, but is -1.0"):
        FixedWeights([-1.0])


@pytest.mark.parametrize("weights", [[0.0, 0], {"depth": 0.0}, {}], ids=str)
def test_weights_that_train_no_task_are_refused(weights: Any) -> None:
    with pytest.raises(ValueError, match=r"`weights` must hold a number above 0, but is .*: no task"):
        FixedWeights(weights)


@pytest.mark.parametrize("method", [FixedWeights([1.0, 0.0]), SingleTask(0), GroupedScalarizer(SingleTask(0), 1)])
def test_every_weight_is_meant_where_the_user_has_set_them(method: Scalarizer) -> None:
    assert intended_weights(method, ["depth", "normal"]) == {"depth", "normal"}
    assert intended_weights(Sum(), ["depth", "normal"]) == set()


@pytest.mark.parametrize("names", [["depth", "normal"], ["normal", "depth"]])
def test_weights_are_given_by_name_in_any_order(names: list[str]) -> None:
    method = FixedWeights({"depth": 1.0, "normal": 0.25})
    name_tasks(method, names)
    assert gradient(method, LOSSES[:2]) == [1.0 if name == "depth" else 0.25 for name in names]
    assert repr(method) == "FixedWeights({'depth': 1.0, 'normal': 0.25})"


def test_a_checkpoint_knows_weights_by_their_names() -> None:
    saved = method_fields(FixedWeights({"depth": 1.0, "normal": 0.001}))
    assert differing_fields(saved, method_fields(FixedWeights({"normal": 0.001, "depth": 1.0}))) == []
    other = method_fields(FixedWeights({"depth": 1.0, "normal": 0.01}))
    assert differing_fields(saved, other) == ["`normal` was 0.001 and is 0.01"]


@pytest.mark.parametrize(
    ("weights", "kind", "advice"),
    [
        ({"a": 1.0, "c": 2.0}, ValueError, r"Give \['b'\] a weight; 0 leaves a task out. Correct or remove \['c'\]"),
        ({"a": 1.0}, ValueError, r"Give \['b'\] a weight; 0 leaves a task out.$"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, ValueError, r"names \['a', 'b', 'c'\]. Correct or remove \['c'\]"),
        ({"a": 1.0, "b": -1.0}, ValueError, r"`weights\['b'\]` must be a number of at least 0"),
        ({0: 1.0, 1: 1.0}, TypeError, "names 0. For their order give a list"),
    ],
)
def test_wrong_names_are_refused_with_advice(weights: Any, kind: type[Exception], advice: str) -> None:
    with pytest.raises(kind, match=advice):
        name_tasks(FixedWeights(weights), ["a", "b"])


def test_weights_by_name_want_the_names_in_a_loop_of_ones_own() -> None:
    with pytest.raises(ValueError, match="Name the tasks by `name_tasks`, or give `weights` as a list"):
        FixedWeights({"depth": 1.0})(LOSSES[:1])


def test_yaml_gives_weights_by_name() -> None:
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer)
    path = "lightning_go4align.methods.FixedWeights"
    for weights, shown in (({"depth": 1, "normal": 0.5}, "{'depth': 1.0, 'normal': 0.5}"), ([1, 0.5], "[1.0, 0.5]")):
        config = {"class_path": path, "init_args": {"weights": weights}}
        method = parser.instantiate(parser.parse_object({"method": config})).method
        assert repr(method) == f"FixedWeights({shown})"


@pytest.mark.parametrize("numbers", [{"depth": 1.0, "normal": 0.5}, {1.0, 0.5}], ids=["a mapping", "a set"])
@pytest.mark.parametrize(
    "make",
    [FixedGroups, lambda numbers: WithLowerBounds(Sum(), numbers)],
    ids=["groups", "bounds"],
)
def test_numbers_of_tasks_have_an_order(make: Any, numbers: Any) -> None:
    with pytest.raises(TypeError, match="must be a list of numbers in the order of the tasks, but is"):
        make(numbers)
