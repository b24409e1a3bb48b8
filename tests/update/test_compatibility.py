"""Lightning's private names: there they are, or automatic optimization takes over."""

from types import ModuleType

import lightning.pytorch
import pytest
import pytorch_lightning
import torch
from lightning.pytorch.core import optimizer as optimizers_of_lightning
from lightning.pytorch.loops.fit_loop import _FitLoop
from lightning.pytorch.strategies import SingleDeviceStrategy
from toy import Toy, loader, outcome, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update import interception
from lightning_go4align.update.compatibility import missing_names


def test_this_version_of_lightning_has_every_private_name() -> None:
    assert missing_names(quiet_trainer()) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (_FitLoop, "_should_accumulate"),
        (optimizers_of_lightning, "_configure_schedulers_automatic_opt"),
    ],
)
def test_an_unknown_version_falls_back_to_automatic_optimization(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    expected = outcome(Toy(), MultiTaskCallback(GO4Align()))
    missing = missing_names
    monkeypatch.setattr(interception, "missing_names", lambda trainer: [*missing(trainer), name])
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match=rf"lacks \['{name}'\].*`optimization='automatic'` is used instead"):
        found = outcome(Toy(), MultiTaskCallback(GO4Align()))
    assert all(torch.equal(found.parameters[key], value) for key, value in expected.parameters.items())
    monkeypatch.delattr(owner, name)
    assert name in " ".join(missing_names(quiet_trainer()))


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
