"""Lightning's private names: there they are, or automatic optimization takes over."""

from operator import attrgetter
from types import ModuleType
from typing import Any

import lightning.pytorch
import pytest
import pytorch_lightning
import torch
from lightning.pytorch.strategies import SingleDeviceStrategy
from toy import Toy, loader, outcome, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update import interception
from lightning_go4align.update.compatibility import PRIVATE_FUNCTIONS, PRIVATE_NAMES, missing_names


def test_this_version_of_lightning_has_every_private_name() -> None:
    assert missing_names(quiet_trainer()) == []


@pytest.mark.parametrize("name", [*PRIVATE_NAMES, *(name for _, name in PRIVATE_FUNCTIONS)])
def test_a_name_that_is_gone_is_missed_and_automatic_optimization_takes_over(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    expected = outcome(Toy(), MultiTaskCallback(GO4Align()))
    missing = missing_names
    monkeypatch.setattr(interception, "missing_names", lambda trainer: [*missing(trainer), name])
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match=rf"lacks \['{name}'\].*`optimization='automatic'` is used instead"):
        found = outcome(Toy(), MultiTaskCallback(GO4Align()))
    assert all(torch.equal(found.parameters[key], value) for key, value in expected.parameters.items())
    trainer = quiet_trainer()
    remove(trainer, name, monkeypatch)
    assert missing_names(trainer) == [name]


def remove(trainer: object, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a name from its module, or from the last object on its path below the trainer, as a release might."""
    *before, name = path.split(".")
    owners = {each: owner for owner, each in PRIVATE_FUNCTIONS}
    owner: Any = owners[name] if name in owners else attrgetter(".".join(before))(trainer)
    holders = [each for each in (owner, *type(owner).__mro__) if name in vars(each)]
    for holder in holders:
        monkeypatch.delattr(holder, name)


@pytest.mark.parametrize("package", [lightning.pytorch, pytorch_lightning], ids=["lightning", "pytorch_lightning"])
@pytest.mark.parametrize("kind", ["FSDPStrategy", "DeepSpeedStrategy"])
def test_strategies_that_step_one_optimizer_get_automatic_optimization(
    kind: str, package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issubclass(getattr(package.strategies, kind), package.strategies.Strategy)  # There is one of this name.
    StandIn = type(kind, (SingleDeviceStrategy,), {})  # a class

    told: list[str] = []
    monkeypatch.setattr(interception, "rank_zero_info", told.append)
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align()), strategy=StandIn(torch.device("cpu")))
    seen: set[bool] = set()
    module = Toy()
    module.heads["a"].register_forward_hook(lambda *_: seen.add(module.automatic_optimization))
    trainer.fit(module, loader())
    assert seen == {True}
    assert len(told) == 1
    assert f"{kind} steps one optimizer: automatic optimization" in told[0]
