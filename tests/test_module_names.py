"""What a user's module calls its own stays its own; what cannot be told apart is refused in words."""

from typing import Any

import pytest
import torch
from torch import nn
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskMixin

VALUES: dict[str, Any] = {
    "a word": lambda: "bce",
    "a layer": lambda: nn.Linear(2, 2),
    "a parameter": lambda: nn.Parameter(torch.ones(3)),
    "a buffer": lambda: nn.Buffer(torch.ones(3)),
    "a tensor": lambda: torch.ones(3),
}


class Balanced(MultiTaskMixin, Toy): ...


@pytest.mark.parametrize("name", ["method", "task_weights", "groups", "last_step"])
@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_an_attribute_of_the_users_comes_before_a_property_of_ours(name: str, make: Any) -> None:
    module, value = Balanced(GO4Align(2)), make()
    setattr(module, name, value)
    quiet_trainer(max_epochs=1).fit(module, loader())
    assert getattr(module, name) is value
    assert module.multi_task_callback.tasks == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["method", "task_weights", "groups", "last_step"])
def test_what_is_registered_under_the_name_of_a_property_is_the_modules(name: str) -> None:
    buffered, holding, layered = (Balanced(GO4Align(2)) for _ in range(3))
    buffered.register_buffer(name, torch.ones(3), persistent=False)
    holding.register_parameter(name, nn.Parameter(torch.ones(3)))
    layered.add_module(name, nn.Linear(2, 2))
    assert torch.equal(getattr(buffered, name), torch.ones(3))
    assert name not in buffered.state_dict()
    assert name in holding.state_dict()
    assert f"{name}.weight" in layered.state_dict()


def test_a_name_that_torch_has_already_is_refused_as_ever() -> None:
    with pytest.raises(KeyError, match="already exists"):
        Balanced(GO4Align(2)).register_buffer("trunk", torch.ones(3))


def test_a_mixin_behind_the_module_is_refused_with_the_right_order() -> None:
    with pytest.raises(TypeError, match=r"Write `class Wrong\(MultiTaskMixin, Toy\)`"):

        class Wrong(Toy, MultiTaskMixin): ...


class OfTasks(Toy):
    def __init__(self, tasks: Any = ("a", "b", "c")) -> None:
        super().__init__()
        self.built_for = tasks


def test_an_argument_that_two_bases_take_is_refused_when_it_is_given() -> None:
    class Both(MultiTaskMixin, OfTasks): ...

    assert Both(Sum()).built_for == ("a", "b", "c")
    with pytest.raises(TypeError, match="Give the argument of OfTasks another name"):
        Both(Sum(), tasks=["x", "y"])
