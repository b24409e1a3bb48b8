"""Losses that were one tensor on their way make heads look shared: an aggregator says so."""

import re
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.aggregation import MGDA, UPGrad
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback

WARNING = r"takes 6 parameters as shared that one loss alone moves, as 'heads\.a\.weight'.*`shared_parameters\(\)`"


class Stacked(Toy):
    """Reduces the errors of all heads at once, as one does with a matrix of targets."""

    @override
    def losses(self, batch: Any) -> Any:
        x, y = batch
        hidden = self.trunk(x)
        errors = torch.stack([head(hidden)[:, 0] - y for head in self.heads.values()], 1)
        return dict(zip(self.heads, self.parted(errors.square().mean(0)), strict=True))

    def parted(self, losses: Tensor) -> Any:
        return losses.unbind()


class Indexed(Stacked):
    @override
    def parted(self, losses: Tensor) -> Any:
        return [2.0 * losses[i] for i in range(len(losses))]


class Named(Stacked):
    def shared_parameters(self) -> Any:
        return self.trunk.parameters()


class OneLayer(Stacked):
    """Has one layer for all tasks, which is shared in truth."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 3)
        self.heads = nn.ModuleDict({task: nn.Identity() for task in "abc"})

    @override
    def losses(self, batch: Any) -> Any:
        x, y = batch
        return dict(zip("abc", (self.last(self.trunk(x)) - y[:, None]).square().mean(0).unbind(), strict=True))


def fit(module: Toy, method: Any, optimization: Any = "manual") -> list[str]:
    """What is told of heads that look shared."""
    trainer = quiet_trainer(max_epochs=1, callbacks=[MultiTaskCallback(method, optimization)])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        trainer.fit(module, loader())
    return [str(each.message) for each in told if "as shared that one loss alone" in str(each.message)]


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("module", [Stacked, Indexed])
def test_heads_that_are_taken_as_shared_are_told(module: Any, optimization: Any) -> None:
    (told,) = fit(module(), UPGrad(), optimization)
    assert re.search(WARNING, told)


@pytest.mark.parametrize("make", [UPGrad, MGDA, Sum])
@pytest.mark.parametrize("module", [Toy, Named, OneLayer])
def test_heads_that_are_known_and_a_layer_of_all_tasks_are_no_reason_to_warn(module: Any, make: Any) -> None:
    assert fit(module(), make()) == []


def test_a_loss_oriented_method_takes_parts_of_one_tensor_as_any_losses() -> None:
    assert fit(Stacked(), Sum()) == []


def test_named_parameters_train_as_losses_that_were_computed_one_by_one() -> None:
    class OneByOne(Stacked):  # Whose shared parameters are found.
        @override
        def losses(self, batch: Any) -> Any:
            x, y = batch
            hidden = self.trunk(x)
            return {task: (head(hidden)[:, 0] - y).square().mean() for task, head in self.heads.items()}

    ends = []
    for kind in (Named, OneByOne):
        torch.manual_seed(0)
        fit(module := kind(), UPGrad())
        ends.append(torch.cat([parameter.detach().flatten() for parameter in module.parameters()]))
    torch.testing.assert_close(*ends)
