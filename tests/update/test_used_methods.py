"""A method that has been trained under another callback or module says so before it goes on with what it learned."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torchjd.scalarization import FAMO, UW, Sum
from toy import BalancedToy, Toy, loader, quiet_trainer

from lightning_go4align import MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import LDCMTL

METHODS: dict[str, Callable[[], Any]] = {
    "robust": RobustGO4Align,
    "UW": lambda: UW(3),
    "FAMO": lambda: FAMO(3),
    "LDC-MTL": lambda: LDCMTL(3),
}


def told(method: Any, by_module: bool, ckpt_path: Path | None = None) -> list[str]:
    """Fit a new model, and return what is said of the method."""
    torch.manual_seed(0)
    module = BalancedToy(method) if by_module else Toy()
    callbacks = [] if by_module else [MultiTaskCallback(method)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer = quiet_trainer(callbacks=callbacks, max_epochs=1 if ckpt_path is None else 2)
        trainer.fit(module, loader(), ckpt_path=ckpt_path)
    return [str(one.message) for one in caught if "was trained before" in str(one.message)]


@pytest.mark.parametrize("by_module", [False, True], ids=["callback", "module"])
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_the_next_fold_with_the_same_method_is_warned(make: Callable[[], Any], by_module: bool) -> None:
    method = make()
    assert told(method, by_module) == []
    (message,) = told(method, by_module)
    assert "give it a method of its own, or call the method's `reset()`" in message
    method.reset()
    assert told(method, by_module) == []
    assert told(make(), by_module) == []


def test_a_method_that_learns_nothing_may_be_used_again() -> None:
    method = Sum()
    assert [told(method, by_module=False) for _ in range(2)] == [[], []]


def test_who_resumes_is_told_nothing(tmp_path: Path) -> None:
    method = RobustGO4Align()
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(method)], max_epochs=1)
    trainer.fit(Toy(), loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    assert told(method, by_module=False, ckpt_path=tmp_path / "one.ckpt") == []


def test_what_a_method_learned_before_its_first_fit_is_meant() -> None:
    method = RobustGO4Align()
    method(torch.tensor([1.0, 2.0, 3.0]))
    assert told(method, by_module=False) == []
