"""A fit begins anew for another model, as folds of a cross-validation do, and goes on where the model goes on."""

import logging
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor
from torchjd.aggregation import GradVac, UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Random
from toy import BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import GroupedScalarizer

METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2, 1e-3),
    "FAMO": lambda: FAMO(3),
    "FAMO in groups": lambda: GroupedScalarizer(FAMO(3), 2),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "RLW": Random,
    "UPGrad": UPGrad,
    "GradVac": GradVac,
}
ANEW, ON = "This fit begins anew", "This fit goes on"


def sgd(module: Toy) -> torch.optim.Optimizer:
    """Has no state: a fit that goes on has a new one."""
    return torch.optim.SGD(module.parameters(), 1e-4)


def model(seed: int) -> Toy:
    torch.manual_seed(seed)
    return Toy(sgd)


def fold(callback: MultiTaskCallback, seed: int, **options: Any) -> Toy:
    module = model(seed)
    quiet_trainer(callbacks=callback, **options).fit(module, loader())
    return module


def flat(state: Any) -> list[Any]:
    """All that stands in a state, tensors as lists."""
    if isinstance(state, dict):
        return [leaf for name, part in state.items() for leaf in (name, *flat(part))]
    if isinstance(state, list | tuple):
        return [leaf for part in state for leaf in flat(part)]
    return [state.tolist() if isinstance(state, Tensor) else state]


def same(one: Toy, other: Toy) -> bool:
    return all(map(torch.equal, one.parameters(), other.parameters()))


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
    assert len(callback.method.task_weights) == 2  # type: ignore[arg-type]


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
    torch.nn.init.zeros_(module.heads["a"].weight)  # type: ignore[arg-type]
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


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_resume_is_that_of_the_checkpoint_whatever_the_callback_did_before(make: Any, tmp_path: Path) -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(make()), max_epochs=1)
    trainer.fit(model(seed=2), loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    fresh, used = MultiTaskCallback(make()), MultiTaskCallback(make())
    fold(used, seed=1)
    modules = []
    for callback in (fresh, used):
        modules.append(model(seed=2))
        quiet_trainer(callbacks=callback).fit(modules[-1], loader(), ckpt_path=tmp_path / "one.ckpt")
    assert same(*modules)
    assert flat(used.state_dict()) == flat(fresh.state_dict())


class Fails(pl.Callback):
    """Raises in the middle of the second epoch, once."""

    def __init__(self) -> None:
        self.armed = True

    @override
    def on_before_zero_grad(self, trainer: Any, *_: Any) -> None:
        if trainer.global_step == 7 and self.armed:
            self.armed = False
            raise ZeroDivisionError


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_fold_after_one_that_failed_begins_anew(make: Any) -> None:
    fresh, used = MultiTaskCallback(make()), MultiTaskCallback(make())
    with pytest.raises(ZeroDivisionError):
        quiet_trainer(callbacks=[used, Fails()]).fit(model(seed=1), loader())
    assert same(fold(used, seed=2), fold(fresh, seed=2))
    assert flat(used.state_dict()) == flat(fresh.state_dict())


def test_a_trainer_that_failed_goes_on_with_its_module() -> None:
    callback, module = MultiTaskCallback(GO4Align(2, 1e-3)), model(seed=1)
    trainer = quiet_trainer(callbacks=[callback, Fails()])
    with pytest.raises(ZeroDivisionError):
        trainer.fit(module, loader())
    before = callback.method.smoothness
    trainer.fit(module, loader())
    assert callback.goes_on
    assert before.tolist() != pytest.approx([1 / 3] * 3)  # type: ignore[operator]
    assert callback.method.smoothness[1] < before[1]  # type: ignore[index]  # The losses of before still count.


PRIOR = [torch.tensor([100.0, 200.0, 900.0]), torch.tensor([500.0, 100.0, 300.0])]


@pytest.mark.parametrize("make", [lambda: GO4Align(2, 1e-3), lambda: FAMO(3), DWA], ids=["GO4Align", "FAMO", "DWA"])
def test_what_a_method_knew_before_the_first_fit_it_knows_before_each(make: Any) -> None:
    def informed() -> Any:
        method = make()
        for losses in PRIOR:
            method(losses)
            if isinstance(method, FAMO):
                method.update(losses / losses.flip(0))
            elif isinstance(method, DWA):
                method.step()
        return method

    blank, fresh, again = MultiTaskCallback(make()), MultiTaskCallback(informed()), MultiTaskCallback(informed())
    expected = fold(fresh, seed=2)
    fold(again, seed=1)
    assert same(fold(again, seed=2), expected)
    assert not same(fold(blank, seed=2), expected)


def test_what_a_callback_was_loaded_with_before_the_first_fit_is_kept_as_well() -> None:
    source = MultiTaskCallback(GO4Align(2, 1e-3))
    fold(source, seed=3)
    fresh, again = MultiTaskCallback(GO4Align(2, 1e-3)), MultiTaskCallback(GO4Align(2, 1e-3))
    for callback in (fresh, again):
        callback.load_state_dict(deepcopy(source.state_dict()))
    expected = fold(fresh, seed=2)
    fold(again, seed=1)
    assert same(fold(again, seed=2), expected)


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
