"""Hyperparameters of modules that bring their method: all but the method itself, which no checkpoint can hold."""

from pathlib import Path
from typing import Any

import pytest
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskMixin, MultiTaskModule, RobustGO4Align


class WithWidth(Toy):
    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.save_hyperparameters()


class BalancedWithWidth(MultiTaskMixin, WithWidth): ...


class Named(MultiTaskModule):
    def __init__(self, scalarizer: Any, width: int = 4) -> None:
        super().__init__(scalarizer)
        self.save_hyperparameters()


def test_no_method_enters_the_hyperparameters_whatever_its_name(tmp_path: Path) -> None:
    module = BalancedWithWidth(GO4Align(), width=5)
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(module, loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    loaded = BalancedWithWidth.load_from_checkpoint(tmp_path / "one.ckpt", method=GO4Align())
    assert loaded.hparams["width"] == 5
    assert set(Named(GO4Align()).hparams) == {"width"}


def test_a_method_may_be_named_among_the_hyperparameters() -> None:
    class Picked(MultiTaskModule):
        def __init__(self, balancer: Any, width: int = 4, *names: str) -> None:
            super().__init__(balancer)
            self.save_hyperparameters(*names)

    assert set(Picked(GO4Align(), 4, "width", "balancer").hparams) == {"width"}
    assert set(Picked(GO4Align(), 4, "balancer").hparams) == set()


METHODS_BY_NAME = {"robust": RobustGO4Align, "sum": Sum}


class ByName(MultiTaskMixin, Toy):
    """Makes its method out of a word, which is a hyperparameter as any."""

    def __init__(self, method: str = "robust", width: int = 4) -> None:
        super().__init__(METHODS_BY_NAME[method]())
        self.save_hyperparameters()


class BalancedByName(BalancedWithWidth):
    """The same where a parent saves the hyperparameters."""

    def __init__(self, method: str = "robust", **others: Any) -> None:
        super().__init__(METHODS_BY_NAME[method](), **others)


@pytest.mark.parametrize("kind", [ByName, BalancedByName])
def test_a_word_is_a_hyperparameter_though_it_is_called_method(kind: Any, tmp_path: Path) -> None:
    trainer = quiet_trainer(max_epochs=1)
    trainer.strategy.connect(kind("sum", width=5))
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    loaded = kind.load_from_checkpoint(tmp_path / "one.ckpt")
    assert (loaded.hparams["method"], loaded.hparams["width"]) == ("sum", 5)
    assert isinstance(loaded.method, Sum)


def test_a_method_that_is_handed_on_among_others_is_no_hyperparameter() -> None:
    class HandsOn(MultiTaskModule):
        def __init__(self, width: int = 4, **others: Any) -> None:
            super().__init__(**others)
            self.save_hyperparameters()

    assert HandsOn(method=GO4Align(), tasks=["a", "b"]).hparams == {"width": 4, "tasks": ["a", "b"]}
