"""A fit begins anew for another model, as folds of a cross-validation do, and goes on where the model goes on."""

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from folds import METHODS, flat, fold, model, same, sgd
from torch import nn
from torchjd.scalarization import DWA
from toy import BalancedToy, Toy, loader, quiet_trainer, weights_of
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import LDCMTL, GradNorm

ANEW, ON = "This fit begins anew", "This fit goes on"


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_second_fold_with_the_same_callback_equals_one_with_a_new_callback(make: Any) -> None:
    fresh, again = MultiTaskCallback(make()), MultiTaskCallback(make())
    expected = fold(fresh, seed=2)
    fold(again, seed=1)
    found = fold(again, seed=2)
    assert same(found, expected)
    assert flat(again.state_dict()) == flat(fresh.state_dict())
    assert not again.goes_on


def test_a_second_fold_may_have_other_tasks() -> None:
    class Two(Toy):
        @override
        def losses(self, batch: Any) -> Any:
            losses = super().losses(batch)
            return {"near": losses["a"], "far": losses["b"]}

    callback = MultiTaskCallback(GO4Align())
    fold(callback, seed=1)
    quiet_trainer(callbacks=callback).fit(Two(), loader())
    assert callback.tasks == ["near", "far"]
    assert len(callback.method.task_weights) == 2  # type: ignore[arg-type]  # None before the first step, which was.


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_the_last_step_of_a_former_fit_is_none_of_the_next(make: Any) -> None:
    class Start(pl.Callback):
        @override
        def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            seen.append(callback.last_step)

    seen: list[Any] = []
    callback = MultiTaskCallback(make())
    for seed in (1, 2):
        quiet_trainer(callbacks=[callback, Start()], max_epochs=1).fit(model(seed), loader())
    assert seen == [None, None]


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_the_same_trainer_and_module_go_on_as_one_long_fit(make: Any) -> None:
    whole = MultiTaskCallback(make())
    expected = fold(whole, seed=1, max_epochs=4)
    parts, module = MultiTaskCallback(make()), model(seed=1)
    trainer = quiet_trainer(callbacks=parts, max_epochs=2)
    trainer.fit(module, loader())
    trainer.fit_loop.max_epochs = 4
    trainer.fit(module, loader())
    assert same(module, expected)
    assert flat(parts.state_dict()) == flat(whole.state_dict())
    assert parts.goes_on


def test_the_same_trainer_and_module_go_on_though_the_user_changed_the_parameters() -> None:
    callback, module = MultiTaskCallback(GO4Align(2, 1e-3)), model(seed=1)
    trainer = quiet_trainer(callbacks=callback, max_epochs=1)
    trainer.fit(module, loader())
    torch.nn.init.zeros_(module.heads["a"].weight)  # type: ignore[arg-type]  # It may be a tensor or a module.
    trainer.fit_loop.max_epochs = 2
    trainer.fit(module, loader())
    assert callback.goes_on


def test_another_trainer_goes_on_with_the_parameters_that_an_earlier_one_left() -> None:
    whole, parts, module = MultiTaskCallback(GO4Align(2, 1e-3)), MultiTaskCallback(GO4Align(2, 1e-3)), model(seed=1)
    expected = fold(whole, seed=1, max_epochs=2)
    for _ in range(2):
        quiet_trainer(callbacks=parts, max_epochs=1).fit(module, loader())
    assert same(module, expected)


@pytest.mark.parametrize(
    "set_back",
    [
        pytest.param(lambda module, start: module.load_state_dict(start), id="loaded in place"),
        pytest.param(lambda module, start: module.load_state_dict(deepcopy(start), assign=True), id="replaced"),
    ],
)
def test_a_model_that_was_set_back_begins_anew(set_back: Any) -> None:
    module, callback, fresh = (
        model(seed=1),
        MultiTaskCallback(GO4Align(2, 1e-3)),
        MultiTaskCallback(GO4Align(2, 1e-3)),
    )
    start = deepcopy(module.state_dict())
    quiet_trainer(callbacks=callback).fit(module, loader())
    set_back(module, start)
    torch.manual_seed(1)
    quiet_trainer(callbacks=callback).fit(module, loader())
    unused = model(seed=1)
    unused.load_state_dict(start)
    torch.manual_seed(1)
    quiet_trainer(callbacks=fresh).fit(unused, loader())
    assert same(module, unused)
    assert flat(callback.state_dict()) == flat(fresh.state_dict())


def test_a_module_that_brings_its_callback_goes_on_with_itself_and_begins_anew_for_a_copy() -> None:
    module = BalancedToy(GO4Align(2, 1e-3), optimizer=sgd)
    for expected in (False, True):
        quiet_trainer().fit(module, loader())
        assert module.multi_task_callback.goes_on is expected
    twin = deepcopy(module)
    quiet_trainer().fit(twin, loader())
    assert not twin.multi_task_callback.goes_on


def test_an_info_line_says_which(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    callback, module = MultiTaskCallback(GO4Align()), model(seed=1)

    def told(fit: Callable[[], Any]) -> list[str]:
        caplog.clear()
        fit()
        return [record.message[: len(ANEW)] for record in caplog.records if record.message.startswith("This fit")]

    trainer = quiet_trainer(callbacks=callback)
    assert told(lambda: trainer.fit(module, loader())) == []
    trainer.fit_loop.max_epochs = 3
    assert [line[: len(ON)] for line in told(lambda: trainer.fit(module, loader()))] == [ON]
    assert told(lambda: fold(callback, seed=2)) == [ANEW]


def test_a_fit_that_ended_before_its_first_step_leaves_nothing_to_forget(caplog: pytest.LogCaptureFixture) -> None:
    class Stops(Toy):
        @override
        def on_train_start(self) -> None:
            raise ValueError("the user's own")

    caplog.set_level(logging.INFO)
    callback = MultiTaskCallback(GO4Align())
    fold(callback, seed=1)
    for _ in range(2):
        with pytest.raises(ValueError, match="the user's own"):
            quiet_trainer(callbacks=callback).fit(Stops(), loader())
    assert caplog.text.count(ANEW) == 1
    fold(callback, seed=2)
    assert caplog.text.count(ANEW) == 1


@pytest.mark.parametrize("steps", [1, 2])
def test_the_same_trainer_goes_on_with_the_same_module_whatever_was_done_to_its_parameters(steps: int) -> None:
    module, callback = Toy(), MultiTaskCallback(GO4Align())
    trainer = quiet_trainer(callbacks=callback, max_steps=steps)
    trainer.fit(module, loader())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(0.5)  # As a schedule of pruning does.
    trainer.fit_loop.epoch_loop.max_steps = steps + 1
    trainer.fit(module, loader())
    assert callback.goes_on


@pytest.mark.parametrize("make", [DWA, lambda: LDCMTL(3), lambda: GradNorm(3)], ids=["DWA", "LDC-MTL", "GradNorm"])
def test_an_epoch_ends_with_its_trainer(make: Any) -> None:
    class Headed(Toy):
        def task_heads(self) -> nn.ModuleDict:
            return self.heads

    def weights(*epochs: int) -> torch.Tensor:
        torch.manual_seed(0)
        module, callback = (
            Headed(lambda module: torch.optim.SGD(module.parameters(), 1e-4)),
            MultiTaskCallback(make()),
        )
        for number in epochs:
            quiet_trainer(callbacks=callback, max_epochs=number).fit(module, loader())
        return weights_of(callback)

    once, in_turns = weights(4), weights(1, 1, 1, 1)
    assert torch.equal(once, in_turns)
    assert once.unique().numel() > 1
