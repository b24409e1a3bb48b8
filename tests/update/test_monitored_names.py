"""What callbacks and schedulers monitor of a step is there whenever they look, and a wrong name is answered."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torchjd.scalarization import Sum
from toy import TASKS, Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback

SELDOM = {"log_every_n_steps": 50, "max_epochs": 1}


class Counting(Toy):
    """Its losses are the batch's number, from 1; a plateau's scheduler follows one of them."""

    monitor, interval = "loss/a", "step"

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return {task: loss - loss.detach() + batch_idx + 1 for task, loss in self.losses(batch).items()}

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), 1.0)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": plateau, "monitor": self.monitor, "interval": self.interval},
        }


def test_a_scheduler_that_steps_with_batches_has_the_mean_so_far_at_each_however_seldom_loggers_do() -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), **SELDOM)
    trainer.fit(Counting(), loader())
    # The means of 1 to 5 batches, 1, 1.5, 2, 2.5 and 3, are never better than the first.
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(1e-4)


def test_a_checkpoint_within_the_epoch_has_the_mean_so_far_however_seldom_loggers_do(tmp_path: Path) -> None:
    saved = ModelCheckpoint(tmp_path, monitor="objective", every_n_train_steps=2, save_top_k=-1)
    quiet_trainer(callbacks=[MultiTaskCallback(Sum()), saved], enable_checkpointing=True, **SELDOM).fit(
        Toy(), loader()
    )
    assert {Path(path).stem for path in saved.best_k_models} == {"epoch=0-step=2", "epoch=0-step=4"}


class Unscheduled(Counting):
    """So that nobody but a checkpoint looks within the epoch."""

    configure_optimizers = Toy.configure_optimizers


def test_a_checkpoint_by_time_has_the_mean_so_far_whenever_it_saves(tmp_path: Path) -> None:
    timed: dict[str, Any] = {"train_time_interval": timedelta(0), "save_top_k": -1}
    saved = ModelCheckpoint(tmp_path, monitor="loss/a", **timed)
    callbacks = [MultiTaskCallback(Sum()), saved]
    quiet_trainer(callbacks=callbacks, enable_checkpointing=True, log_every_n_steps=50, max_epochs=2).fit(
        Unscheduled(), loader()
    )
    means = [1.0, 1.5, 2.0, 2.5, 3.0]  # of 1 to 5 batches, in each of two epochs
    assert [float(score) for score in saved.best_k_models.values()] == means * 2


def test_groups_can_be_monitored_as_those_of_the_last_step() -> None:
    callback = MultiTaskCallback(GO4Align(2))
    trainer = quiet_trainer(callbacks=[EarlyStopping("group/a"), callback], max_epochs=2)
    trainer.fit(Toy(), loader())
    found = {task: float(trainer.callback_metrics[f"group/{task}"]) for task in TASKS}
    assert found == {task: float(group) for task, group in callback.groups.items()}


@pytest.mark.parametrize("kind", [EarlyStopping, ModelCheckpoint, "scheduler"])
def test_an_error_about_a_misspelt_name_says_which_was_meant(kind: Any, tmp_path: Path) -> None:
    module, watching = Toy(), []
    if kind == "scheduler":
        module = Counting()
        module.monitor, module.interval = "loss/aa", "epoch"
    else:
        watching = [kind(monitor="loss/aa") if kind is EarlyStopping else kind(tmp_path, monitor="loss/aa")]
    trainer = quiet_trainer(
        callbacks=[*watching, MultiTaskCallback(Sum())], enable_checkpointing=kind is ModelCheckpoint
    )
    with pytest.raises((RuntimeError, MisconfigurationException), match="loss/aa") as error:
        trainer.fit(module, loader(), loader(16))
    assert error.value.__notes__ == ["Did you mean 'loss/a'?"]


@pytest.mark.filterwarnings("ignore:.ModelCheckpoint.monitor='weights/b'.. could not find")
def test_a_checkpoint_that_waits_in_vain_is_told_of_after_the_first_epoch(tmp_path: Path) -> None:
    waiting = ModelCheckpoint(tmp_path, monitor="weights/b")
    with pytest.warns(UserWarning, match=r"No checkpoint is kept so far: .*Did you mean 'weight/b'\?") as told:
        quiet_trainer(callbacks=[waiting, MultiTaskCallback(Sum())], max_epochs=3, enable_checkpointing=True).fit(
            Toy(), loader()
        )
    assert len([one for one in told if "No checkpoint is kept" in str(one.message)]) == 1


@pytest.mark.parametrize("name", ["loss/total", "loss/a_of_validation"])
def test_a_name_that_the_module_logs_itself_is_no_mistake(name: str, tmp_path: Path) -> None:
    class Logging(Toy):
        def on_validation_epoch_end(self) -> None:
            self.log(name, 1.0)

    saved = ModelCheckpoint(tmp_path, monitor=name)
    callbacks = [saved, EarlyStopping(name), MultiTaskCallback(Sum())]
    quiet_trainer(callbacks=callbacks, max_epochs=2, enable_checkpointing=True).fit(Logging(), loader(), loader(16))
    assert float(saved.best_model_score or 0) == 1.0
