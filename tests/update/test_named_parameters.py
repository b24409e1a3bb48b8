"""A module may name its shared parameters by a method, or hold them under the name of that method."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from lightning_go4align.update.shared import SharedParameters
from lightning_go4align.update.task_losses import StepOutput

NAMES: dict[str, Callable[[nn.Sequential], Any]] = {
    "a method": lambda trunk: trunk.parameters,
    "a layer": lambda trunk: trunk,
    "a list": lambda trunk: list(trunk.parameters()),
    "a ParameterList": lambda trunk: nn.ParameterList(trunk.parameters()),
}


@pytest.mark.parametrize("named", NAMES.values(), ids=NAMES)
def test_shared_parameters_are_those_that_the_module_names(named: Callable[[nn.Sequential], Any]) -> None:
    module = nn.Module()
    module.trunk, module.heads = nn.Sequential(nn.Linear(2, 3), nn.Tanh()), nn.Linear(3, 2)
    module.shared_parameters = named(module.trunk)
    parameters = SharedParameters(module)
    losses = module.heads(module.trunk(torch.ones(4, 2))).square().mean(0)
    parameters.look(StepOutput(dict(zip("ab", losses.unbind(), strict=True))), ["a", "b"])
    assert {id(one) for one in parameters.shared} == {id(one) for one in module.trunk.parameters()}
    assert {id(one) for one in parameters.heads} == {id(one) for one in module.heads.parameters()}
