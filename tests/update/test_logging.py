"""Losses, weights and groups reach any logger at its interval."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from flow import ROOM
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torchjd.aggregation import PCGrad
from torchjd.scalarization import Sum
from toy import TASKS, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


def rows(method: Any, folder: Path, optimization: Optimization = "manual", **options: Any) -> list[dict[str, str]]:
    torch.manual_seed(0)
    logger = CSVLogger(folder, name="", version="")
    callbacks = [MultiTaskCallback(method, optimization)]
    quiet_trainer(callbacks=callbacks, logger=logger, **options).fit(Toy(), loader())
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


@MODES
def test_rows_carry_the_step_that_lightning_itself_would_write(optimization: Optimization, tmp_path: Path) -> None:
    class Logging(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = self.losses(batch)
            self.log("plain", losses["a"])
            return losses

    logger = CSVLogger(tmp_path, name="", version="")
    options = {"log_every_n_steps": 2, "accumulate_grad_batches": 2, "logger": logger}
    quiet_trainer(callbacks=[MultiTaskCallback(Sum(), optimization)], **options).fit(Logging(), loader())
    with (tmp_path / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    ours, plain = ({row["step"]: float(row[key]) for row in table if row[key]} for key in ("loss/a", "plain"))
    assert list(ours) == ["1", "3", "5"]
    assert ours == pytest.approx(plain)


@MODES
def test_every_number_of_a_grouping_method_has_its_key(optimization: Optimization, tmp_path: Path) -> None:
    last = rows(GO4Align(2), tmp_path, optimization, log_every_n_steps=5)[-1]
    per_task = [
        f"{kind}/{task}" for kind in ("loss", "weight", "scaled_loss", "indicator", "group") for task in TASKS
    ]
    per_group = [f"{kind}/{k}" for kind in ("group_weight", "group_size") for k in range(2)]
    assert set(last) == {"step", "epoch", "objective", *per_task, *per_group}
    assert float(last["scaled_loss/b"]) == pytest.approx(float(last["weight/b"]) * float(last["loss/b"]))
    assert float(last["group_size/0"]) + float(last["group_size/1"]) == 3


def test_a_method_without_weights_logs_its_losses(tmp_path: Path) -> None:
    last = rows(PCGrad(), tmp_path, log_every_n_steps=5)[-1]
    assert {key for key in last if last[key]} >= {f"loss/{task}" for task in TASKS}


@MODES
def test_rows_stand_at_the_step_that_the_module_logs_for_its_own(optimization: Optimization, tmp_path: Path) -> None:
    class Logging(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log_dict({"plain": 1.0, "step": 1000.0 + 8 * self.global_step})
            return self.losses(batch)

    logger = CSVLogger(tmp_path, name="", version="")
    options = {"log_every_n_steps": 2, "max_epochs": 1, "logger": logger}
    quiet_trainer(callbacks=[MultiTaskCallback(Sum(), optimization)], **options).fit(Logging(), loader())
    with (tmp_path / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    ours, plain = ([row["step"] for row in table if row[key]] for key in ("loss/a", "plain"))
    assert ours == plain == ["1008", "1024"]


def test_a_row_is_on_the_disk_as_soon_as_it_is_logged(tmp_path: Path) -> None:
    class Killed(Toy):
        @override
        def on_train_epoch_end(self) -> None:
            with (tmp_path / "metrics.csv").open() as file:
                found.append([row["step"] for row in csv.DictReader(file) if row["loss/a"]])

    found: list[list[str]] = []
    logger = CSVLogger(tmp_path, name="", version="")
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(Sum())], logger=logger, log_every_n_steps=2)
    trainer.fit(Killed(), loader())
    assert found == [["1", "3"], ["1", "3", "5", "7", "9"]]


def test_rows_reach_loggers_through_one_function_that_lets_them_keep_what_they_get() -> None:
    direct = [file.name for file in ROOM.rglob("*.py") if ".log_metrics(" in file.read_text(encoding="utf-8")]
    assert sorted(direct) == ["lightning_logs.py", "places.py"]  # W&B's media, which go at once.


@MODES
def test_several_batches_make_one_row(optimization: Optimization, tmp_path: Path) -> None:
    steps = [
        row["step"] for row in rows(Sum(), tmp_path, optimization, log_every_n_steps=1, accumulate_grad_batches=2)
    ]
    assert steps == [str(step) for step in range(6)]


def test_checkpoints_may_monitor_what_the_module_logs(tmp_path: Path) -> None:
    best = ModelCheckpoint(tmp_path, monitor="val/total", save_last=True)
    stop = EarlyStopping("val/total", patience=1)
    callbacks = [MultiTaskCallback(GO4Align()), best, stop]
    trainer = quiet_trainer(callbacks=callbacks, enable_checkpointing=True)
    trainer.fit(Toy(), loader(), loader(16))
    assert best.best_model_score == trainer.callback_metrics["val/total"]
    assert (tmp_path / "last.ckpt").exists()


@pytest.mark.parametrize(
    ("when", "number"),
    [
        pytest.param({"every_n_train_steps": 2}, 5, id="every second step"),
        pytest.param({"train_time_interval": timedelta(0)}, 10, id="at all times"),
    ],
)
def test_checkpoints_within_an_epoch_are_written(when: dict[str, Any], number: int, tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path, save_top_k=-1, **when)
    callbacks = [MultiTaskCallback(GO4Align()), checkpoint]
    quiet_trainer(callbacks=callbacks, enable_checkpointing=True).fit(Toy(), loader())
    assert len(list(tmp_path.glob("*.ckpt"))) == number


def test_a_module_with_a_layer_and_saved_models_of_its_own_is_saved_as_it_is(tmp_path: Path) -> None:
    module = Toy()
    module.layer, module.saved_models = torch.nn.Linear(1, 1), {0: {"wrong": torch.zeros(1)}}  # type: ignore[assignment]  # Attributes of the user's own.
    checkpoint = ModelCheckpoint(tmp_path, save_top_k=-1, every_n_train_steps=10)
    quiet_trainer(callbacks=[MultiTaskCallback(Sum()), checkpoint], enable_checkpointing=True).fit(module, loader())
    saved = torch.load(tmp_path / "epoch=1-step=10.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(saved[name], value) for name, value in module.state_dict().items())


@MODES
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_the_step_logs_is_averaged_over_the_epoch_under_accumulation(
    number: int, optimization: Optimization
) -> None:
    class Logging(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("index", float(batch_idx), on_step=False, on_epoch=True, batch_size=1)
            return self.losses(batch)

    callbacks = [MultiTaskCallback(Sum(), optimization)]
    trainer = quiet_trainer(max_epochs=1, accumulate_grad_batches=number, callbacks=callbacks)
    trainer.fit(Logging(), loader())
    assert trainer.callback_metrics["index"] == 2.0  # of 0, 1, 2, 3, 4


def test_an_interval_of_0_logs_nothing(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, name="", version="")
    quiet_trainer(callbacks=[MultiTaskCallback(Sum())], logger=logger, log_every_n_steps=0).fit(Toy(), loader())
    assert not any(name.startswith("loss/") for row in logger.experiment.metrics for name in row)
