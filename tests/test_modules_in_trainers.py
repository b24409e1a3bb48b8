"""Modules that balance themselves take turns in a trainer, hold each other and are copied."""

import threading
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from toy import BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback


def test_a_second_module_takes_the_place_of_the_first_in_one_trainer() -> None:
    trainer, second = quiet_trainer(), BalancedToy(GO4Align())
    trainer.fit(BalancedToy(GO4Align()), loader())
    trainer.validate(second, loader())
    trainer.fit_loop.max_epochs = 4
    trainer.fit(second, loader())
    balanced = [callback for callback in trainer.callbacks if isinstance(callback, MultiTaskCallback)]  # type: ignore[attr-defined]  # Lightning's property has no type.
    assert balanced == [second.multi_task_callback]


def test_a_module_without_the_plugin_trains_after_one_with_it() -> None:
    class Plain(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return sum(self.losses(batch).values())

    trainer = quiet_trainer()
    trainer.fit(BalancedToy(GO4Align()), loader())
    trainer.fit_loop.max_epochs = 4
    trainer.fit(Plain(), loader())
    assert trainer.global_step == 20
    assert not any(isinstance(callback, MultiTaskCallback) for callback in trainer.callbacks)  # type: ignore[attr-defined]  # Lightning's property has no type.


class Student(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.teacher = BalancedToy(GO4Align()).requires_grad_(False)
        self.net = torch.nn.Linear(4, 8)

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return (self.net(batch[0]) - self.teacher.trunk(batch[0])).square().mean()

    @override
    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.net.parameters(), 0.1)


def test_a_part_of_a_module_does_not_drive_its_training() -> None:
    trainer = quiet_trainer()
    trainer.fit(Student(), loader())
    assert not any(isinstance(callback, MultiTaskCallback) for callback in trainer.callbacks)  # type: ignore[attr-defined]  # Lightning's property has no type.


def test_a_multi_task_module_may_hold_another() -> None:
    module = BalancedToy(GO4Align())
    module.teacher = BalancedToy(GO4Align()).requires_grad_(False)
    quiet_trainer().fit(module, loader())
    assert module.multi_task_callback.tasks == ["a", "b", "c"]
    assert module.teacher.multi_task_callback.tasks == []


class Unshared(pl.LightningDataModule):
    """Data that cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    @override
    def train_dataloader(self) -> Any:
        return loader()


def averages() -> list[pl.Callback]:
    weights = getattr(pl.callbacks, "EMAWeightAveraging", None)  # since Lightning 2.6
    return [
        pl.callbacks.StochasticWeightAveraging(1e-3, swa_epoch_start=1),
        *([weights(decay=0.9)] if weights else []),
    ]


@pytest.mark.parametrize("average", averages(), ids=lambda average: type(average).__name__)
def test_averaged_weights_do_not_copy_the_trainer(average: pl.Callback) -> None:
    trainer = quiet_trainer(max_epochs=3, callbacks=[average])
    trainer.fit(BalancedToy(GO4Align()), datamodule=Unshared())
    assert trainer.state.finished
