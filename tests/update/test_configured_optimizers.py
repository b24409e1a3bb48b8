"""Whatever ``configure_optimizers`` may return is driven as a loop in plain torch would."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import StepLR
from torchjd.scalarization import Sum
from toy import Toy, fitted, loader, outcome

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


def sharing_the_trunk(module: Toy) -> list[Optimizer]:
    """One for each head, the trunk in all three."""
    return [
        kind([*module.trunk.parameters(), *head.parameters()], 1e-3)
        for kind, head in zip((SGD, Adam, SGD), module.heads.values(), strict=True)
    ]


def by_hand(configure: Callable[[Toy], list[Optimizer]], method: nn.Module) -> dict[str, Tensor]:
    """Two epochs in plain torch: one backward pass, after which each optimizer steps."""
    torch.manual_seed(0)
    module = Toy(configure)
    optimizers = module.configure_optimizers()
    for batch in [*loader(), *loader()]:
        module.zero_grad()
        method(torch.stack(list(module.losses(batch).values()))).backward()
        for optimizer in optimizers:
            optimizer.step()
    return module.state_dict()


@pytest.mark.parametrize("method", [Sum, GO4Align])
def test_optimizers_that_share_a_parameter_step_it_one_after_the_other(method: Callable[[], Any]) -> None:
    torch.manual_seed(0)
    found = outcome(Toy(sharing_the_trunk), MultiTaskCallback(method())).parameters
    expected = by_hand(sharing_the_trunk, method())
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_optimizers_that_share_a_parameter_are_refused_under_the_gradient_scaler() -> None:
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    with pytest.raises(MisconfigurationException, match=r"twice\. Give each parameter one optimizer, or use"):
        fitted(Sum(), Toy(sharing_the_trunk), plugins=[plugin])


def one(module: Toy) -> Any:
    optimizer = SGD(module.parameters(), 1e-3)
    return {"optimizer": optimizer, "frequency": 5, "lr_scheduler": halving(optimizer)}


def two(module: Toy) -> Any:
    optimizers = [SGD(part.parameters(), 1e-3) for part in (module.trunk, module.heads)]
    return tuple({"optimizer": each, "frequency": 5, "lr_scheduler": halving(each)} for each in optimizers)


def halving(optimizer: Optimizer) -> dict[str, Any]:
    return {"scheduler": StepLR(optimizer, 1, 0.5), "interval": "step", "frequency": 2}


@pytest.mark.parametrize(
    ("configure", "optimization"),
    [
        pytest.param(one, "manual", id="one optimizer"),
        pytest.param(one, "automatic", id="one optimizer, driven by Lightning"),
        pytest.param(two, "manual", id="two optimizers"),
    ],
)
def test_a_frequency_counts_for_a_scheduler_and_is_told_to_count_for_no_optimizer(
    configure: Callable[[Toy], Any], optimization: Optimization
) -> None:
    with pytest.warns(RuntimeWarning, match="unsupported keys in the optimizer configuration: {'frequency'}"):
        found = outcome(Toy(configure), MultiTaskCallback(Sum(), optimization))
    # Five batches in each of two epochs; in each the rate is halved after the second and the fourth.
    assert found.steps == (10, 10)
    assert {*found.rates[-1]} == {1e-3 * 0.5**4}
