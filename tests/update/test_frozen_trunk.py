"""A trunk that is frozen and thaws: heads first, the trunk afterwards, whoever does it."""

import logging
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import BaseFinetuning
from torchjd.aggregation import MGDA, UPGrad
from torchjd.scalarization import FAMO, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

METHODS = {"MGDA": MGDA, "UPGrad": UPGrad, "GO4Align": lambda: GO4Align(2), "FAMO": lambda: FAMO(3)}


class Thaws(Toy):
    """Thaws its own trunk in the second epoch."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1e-3))
        self.trunk.requires_grad_(False)

    @override
    def on_train_epoch_start(self) -> None:
        self.trunk.requires_grad_(self.trainer.current_epoch > 0)


class ThawsTrunk(BaseFinetuning):
    """The same by Lightning's callback, which adds the trunk to the optimizer."""

    @override
    def freeze_before_training(self, pl_module: pl.LightningModule) -> None:
        self.freeze(pl_module.trunk)

    @override
    def finetune_function(self, pl_module: pl.LightningModule, epoch: int, optimizer: Any) -> None:
        if epoch == 1:
            self.unfreeze_and_add_param_group(pl_module.trunk, optimizer, lr=1e-3)


class Seen(pl.Callback):
    """Which of trunk and heads moved in each epoch."""

    def __init__(self) -> None:
        self.moved: list[tuple[bool, bool]] = []

    @override
    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.before = [part.weight.detach().clone() for part in (pl_module.trunk[0], pl_module.heads["a"])]

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        now = [part.weight.detach() for part in (pl_module.trunk[0], pl_module.heads["a"])]
        trunk, head = (not torch.equal(a, b) for a, b in zip(now, self.before, strict=True))
        self.moved.append((trunk, head))


def only_heads(module: Any) -> Any:
    return torch.optim.SGD(filter(lambda parameter: parameter.requires_grad, module.parameters()), 1e-3)


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_heads_are_trained_while_the_trunk_is_frozen_and_all_of_it_afterwards(make: Any, optimization: Any) -> None:
    seen = Seen()
    quiet_trainer(callbacks=[MultiTaskCallback(make(), optimization), seen]).fit(Thaws(), loader())
    assert seen.moved == [(False, True), (True, True)]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("make", [UPGrad, lambda: GO4Align(2)], ids=["UPGrad", "GO4Align"])
def test_the_callback_that_finetunes_may_stand_before_or_after(make: Any, first: bool) -> None:
    seen, ours, theirs = Seen(), MultiTaskCallback(make()), ThawsTrunk()
    callbacks = [theirs, ours, seen] if first else [ours, theirs, seen]
    quiet_trainer(callbacks=callbacks).fit(Toy(only_heads), loader())
    assert seen.moved == [(False, True), (True, True)]


def test_a_plain_sum_thaws_to_the_bits_of_lightning() -> None:
    class Plain(Thaws):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return torch.stack(list(self.losses(batch).values())).sum()

    ends = []
    for module, callbacks in ((Plain(), []), (Thaws(), [MultiTaskCallback(Sum())])):
        quiet_trainer(callbacks=callbacks).fit(module, loader())
        ends.append(torch.cat([parameter.detach().flatten() for parameter in module.parameters()]))
    assert torch.equal(*ends)


def test_a_frozen_trunk_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lightning_utilities.core.rank_zero"):
        quiet_trainer(callbacks=[MultiTaskCallback(UPGrad())]).fit(Thaws(), loader())
    told = [record for record in caplog.records if "All parameters that tasks share are frozen" in record.message]
    assert len(told) == 1


def test_while_there_are_heads_only_each_present_task_weighs_1() -> None:
    class Heads(Thaws):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return {**self.losses(batch), **({"b": None} if batch_idx == 4 else {})}

    callback = MultiTaskCallback(UPGrad())
    quiet_trainer(callbacks=[callback], max_epochs=1).fit(Heads(), loader())
    assert {task: float(weight) for task, weight in callback.task_weights.items()} == {"a": 1.0, "b": 0.0, "c": 1.0}
