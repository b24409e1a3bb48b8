"""Functions that a user wrote in Python: trained as torch's own, or refused where they hide parameters."""

from typing import Any, cast

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from torchjd.aggregation import UPGrad
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.hidden import refuse_hidden


def fit(module: Toy) -> None:
    quiet_trainer(max_epochs=1, callbacks=[MultiTaskCallback(UPGrad())]).fit(module, loader())


class Scaled(torch.autograd.Function):
    """A function written in Python, which saves a tensor for its backward pass."""

    @staticmethod
    @override
    def forward(ctx: Any, values: Any, scale: Any) -> Any:
        ctx.save_for_backward(scale)
        return values * scale

    @staticmethod
    @override
    def backward(ctx: Any, *gradients: Any) -> Any:
        [scale] = ctx.saved_tensors
        return gradients[0] * scale, None


@pytest.mark.parametrize("named", [True, False])
def test_a_function_of_the_users_own_trains_as_torchs_do(named: bool) -> None:
    class Own(Toy):
        own = True

        @override
        def losses(self, batch: Any) -> Any:
            x, y = batch
            scale = torch.tensor(2.0)
            features = self.trunk(x)
            features = cast(Any, Scaled.apply)(features, scale) if self.own else features * scale
            return {task: (head(features)[:, 0] - y).square().mean() for task, head in self.heads.items()}

    class OwnNamed(Own):
        def shared_parameters(self) -> Any:
            return self.trunk.parameters()

    def trained(own: bool) -> Any:
        torch.manual_seed(0)
        module = OwnNamed() if named else Own()
        module.own = own
        fit(module)
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    assert torch.equal(trained(own=True), trained(own=False))


class Recomputed(torch.autograd.Function):
    """Runs a layer without a graph, and once more, with a backward pass of its own, when a gradient comes."""

    @staticmethod
    @override
    def forward(ctx: Any, features: Any, layer: Any) -> Any:
        ctx.layer = layer
        ctx.save_for_backward(features)
        with torch.no_grad():
            return layer(features)

    @staticmethod
    @override
    def backward(ctx: Any, *gradients: Any) -> Any:
        features = ctx.saved_tensors[0].detach().requires_grad_()
        with torch.enable_grad():
            ctx.layer(features).backward(gradients[0])
        return features.grad, None


@pytest.mark.parametrize("named", [True, False])
def test_a_function_that_trains_a_layer_by_itself_is_refused_by_the_names_of_its_parameters(named: bool) -> None:
    class Hiding(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.deep = nn.Linear(8, 8)

        @override
        def losses(self, batch: Any) -> Any:
            x, y = batch
            features = cast(Any, Recomputed.apply)(self.trunk(x), self.deep)
            return {task: (head(features)[:, 0] - y).square().mean() for task, head in self.heads.items()}

    class HidingNamed(Hiding):
        def shared_parameters(self) -> Any:
            return [*self.trunk.parameters(), *self.deep.parameters()]

    module = HidingNamed() if named else Hiding()
    with pytest.raises(
        MisconfigurationException, match=r"gives \['deep.weight', 'deep.bias'\] their gradients by itself"
    ):
        fit(module)


def test_it_is_refused_where_it_trains_all_that_there_is() -> None:
    layer = nn.Linear(2, 1)
    hidden = cast(Any, Recomputed.apply)(torch.ones(2, requires_grad=True), layer)
    with pytest.raises(MisconfigurationException, match=r"gives \['weight', 'bias'\] their gradients by itself"):
        refuse_hidden([hidden.sum()], layer)
