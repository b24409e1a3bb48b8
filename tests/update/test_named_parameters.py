"""A module may name its shared parameters by a method, or hold them under the name of that method."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.aggregation import MGDA
from toy import Toy, loader, quiet_trainer

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import GradNorm
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


@pytest.mark.parametrize("hook", ["setup", "configure_model", "on_fit_start", "on_train_start"])
@pytest.mark.parametrize("make", [MGDA, lambda: GradNorm(3)], ids=["MGDA", "GradNorm"])
def test_parameters_and_heads_may_be_named_by_any_hook_before_the_first_step(make: Any, hook: str) -> None:
    class Names(Toy):
        def name(self, *_: Any, **__: Any) -> None:
            # One layer fewer than what all tasks use, which would be found without the names.
            self.shared_parameters, self.task_heads = list(self.trunk[0].parameters()), self.heads

    def trained(module: Toy) -> Tensor:
        quiet_trainer(callbacks=MultiTaskCallback(make())).fit(module, loader())
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    ends = []
    for late in (False, True):
        torch.manual_seed(0)
        module: Any = Names(normalized=True)
        if late:
            setattr(module, hook, module.name)
        else:
            module.name()
        ends.append(trained(module))
    assert torch.equal(*ends)
