"""What a callback knew before its first fit it knows before each; a fit that failed leaves it nothing."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from folds import METHODS, flat, fold, model, same
from torchjd.scalarization import DWA, FAMO
from toy import loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback


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
    assert before.tolist() != pytest.approx([1 / 3] * 3)  # type: ignore[operator]  # pytest types it as a comparison only.
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
