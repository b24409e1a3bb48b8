"""Monitors begin anew for another model, and go on where the model goes on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.history import History
from lightning_go4align.monitors import DeltaMMonitor, GroupDynamicsMonitor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
]


def trainer(folder: Path, *callbacks: Callback, epochs: int = 2, **options: Any) -> Trainer:
    return Trainer(
        default_root_dir=folder,
        callbacks=list(callbacks),
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def watched(first: bool) -> tuple[GroupDynamicsMonitor, list[Callback]]:
    monitor, method = GroupDynamicsMonitor(), MultiTaskCallback(GO4Align(2, 1e-2))
    return monitor, [monitor, method] if first else [method, monitor]


class Fails(Callback):
    def __init__(self, hook: str) -> None:
        self.armed = True
        setattr(self, hook, self.fail)

    def fail(self, *_: Any) -> None:
        if self.armed:
            self.armed = False
            raise ZeroDivisionError


@pytest.mark.parametrize("first", [True, False], ids=["monitor first", "method first"])
def test_the_record_of_a_second_fold_is_that_of_a_new_monitor(toy: Any, tmp_path: Path, first: bool) -> None:
    monitor, callbacks = watched(first)
    trainer(tmp_path / "1", *callbacks, epochs=1).fit(toy)
    torch.manual_seed(1)
    trainer(tmp_path / "2", *callbacks).fit(type(toy)(3))
    fresh, callbacks = watched(first)
    torch.manual_seed(1)
    trainer(tmp_path / "fresh", *callbacks).fit(type(toy)(3))
    assert monitor.history.total == 20
    assert monitor.history.tasks == ("task_0", "task_1", "task_2")
    assert monitor.history.losses.tolist() == fresh.history.losses.tolist()
    assert History.load(tmp_path / "1").total == 10


@pytest.mark.parametrize("first", [True, False], ids=["monitor first", "method first"])
def test_the_record_goes_on_in_the_same_trainer(toy: Any, tmp_path: Path, first: bool) -> None:
    monitor, callbacks = watched(first)
    long = trainer(tmp_path, *callbacks, epochs=1)
    long.fit(toy)
    long.fit_loop.max_epochs = 3
    long.fit(toy)
    assert monitor.history.total == 30
    assert monitor.history.windows.transitions.sum() == 29


def test_a_resume_takes_the_record_of_the_checkpoint_whatever_was_recorded_before(toy: Any, tmp_path: Path) -> None:
    saving = trainer(tmp_path / "1", *watched(False)[1], epochs=1)
    saving.fit(toy)
    saving.save_checkpoint(tmp_path / "one.ckpt")
    monitor, callbacks = watched(False)
    trainer(tmp_path / "2", *callbacks).fit(type(toy)())
    trainer(tmp_path / "3", *callbacks, epochs=3).fit(type(toy)(), ckpt_path=tmp_path / "one.ckpt")
    assert monitor.history.total == 30


def test_steps_that_waited_when_a_fit_failed_are_not_recorded_in_the_next(toy: Any, tmp_path: Path) -> None:
    monitor, callbacks = watched(False)
    with pytest.raises(ZeroDivisionError):
        trainer(tmp_path / "1", *callbacks, Fails("on_train_epoch_end")).fit(toy)
    trainer(tmp_path / "2", *callbacks, epochs=1).fit(type(toy)())
    assert monitor.history.total == 10
    assert not History.load(tmp_path / "2").notes.interrupted


def test_steps_of_a_trial_run_are_not_recorded_in_the_next(toy: Any, tmp_path: Path) -> None:
    monitor, callbacks = watched(False)
    trainer(tmp_path, *callbacks, fast_dev_run=3).fit(toy)
    trainer(tmp_path, *callbacks, epochs=1).fit(type(toy)())
    assert monitor.history.total == 10


def test_a_fit_that_fails_before_it_trains_leaves_the_page_of_the_one_before(toy: Any, tmp_path: Path) -> None:
    _, callbacks = watched(False)
    trainer(tmp_path, *callbacks, epochs=1).fit(toy)
    page = (tmp_path / "group_dynamics.html").read_text()
    with pytest.raises(ZeroDivisionError):
        trainer(tmp_path, *callbacks, Fails("on_fit_start")).fit(type(toy)())
    assert (tmp_path / "group_dynamics.html").read_text() == page


class Scored(LightningModule):
    """Logs an error that halves with each epoch until it stays.

    Args:
        until: The epoch in which it no longer falls.
    """

    def __init__(self, until: int) -> None:
        super().__init__()
        self.weight, self.until = torch.nn.Parameter(torch.ones(1)), until

    def training_step(self, batch: Any) -> Any:
        return self.weight.sum()

    def validation_step(self, batch: Any) -> None:
        self.log("val/falls", 0.5 ** min(self.current_epoch, self.until))
        self.log("val/stays", 1.0)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.zeros(2, 1))  # type: ignore[arg-type]  # A tensor is a map of its rows.

    val_dataloader = train_dataloader


def delta_m() -> DeltaMMonitor:
    return DeltaMMonitor({"val/falls": 1.0, "val/stays": 1.0})


def test_convergence_of_a_second_fold_is_its_own(tmp_path: Path) -> None:
    monitor = delta_m()
    trainer(tmp_path, monitor, epochs=5).fit(Scored(until=4))
    assert monitor.epochs.tolist() == [5, 1]
    fold = trainer(tmp_path, monitor, epochs=3)
    fold.fit(Scored(until=1))
    assert (monitor.convergence.epoch.item(), monitor.epochs.tolist()) == (3, [2, 1])
    assert fold.callback_metrics["val/convergence_difference"] == 0.5


def test_convergence_goes_on_in_the_same_trainer_and_is_another_modules_own(tmp_path: Path) -> None:
    monitor, module = delta_m(), Scored(until=3)
    long = trainer(tmp_path, monitor, epochs=2)
    long.fit(module)
    long.fit_loop.max_epochs = 4
    long.fit(module)
    assert (monitor.convergence.epoch.item(), monitor.epochs.tolist()) == (4, [4, 1])
    long.fit_loop.max_epochs = 5
    long.fit(Scored(until=9))
    assert monitor.convergence.epoch == 1


def test_convergence_is_resumed_whatever_the_monitor_saw_before(tmp_path: Path) -> None:
    saving = trainer(tmp_path, delta_m(), epochs=2)
    saving.fit(Scored(until=9))
    saving.save_checkpoint(tmp_path / "two.ckpt")
    monitor = delta_m()
    trainer(tmp_path, monitor, epochs=5).fit(Scored(until=0))
    trainer(tmp_path, monitor, epochs=3).fit(Scored(until=9), ckpt_path=tmp_path / "two.ckpt")
    assert (monitor.convergence.epoch.item(), monitor.epochs.tolist()) == (3, [3, 1])


def test_convergence_begins_anew_after_a_validation_of_a_checkpoint(tmp_path: Path) -> None:
    monitor = delta_m()
    saving = trainer(tmp_path, monitor, epochs=4)
    saving.fit(Scored(until=9))
    saving.save_checkpoint(tmp_path / "four.ckpt")
    trainer(tmp_path, monitor).validate(Scored(until=9), ckpt_path=tmp_path / "four.ckpt", verbose=False)
    trainer(tmp_path, monitor, epochs=2).fit(Scored(until=9))
    assert monitor.convergence.epoch == 2
