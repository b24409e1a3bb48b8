import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torchjd.aggregation import UPGrad
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.history import History
from lightning_go4align.monitors import GroupDynamicsMonitor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


class Witness(Callback):
    """Copies what every step told of its tasks."""

    def __init__(self) -> None:
        self.steps: list[tuple[Tensor, Tensor, Tensor]] = []

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        watched = next(callback for callback in trainer.callbacks if isinstance(callback, MultiTaskCallback))  # type: ignore[attr-defined]  # Lightning's property has no type.
        told = watched.last_step
        self.steps.append((told.grouping.assignment.clone(), told.weights.clone().float(), told.losses.clone()))


class Stop(Callback):
    def __init__(self, step: int, exception: BaseException) -> None:
        self.step, self.exception = step, exception

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            raise self.exception


def test_every_step_of_the_run_is_in_the_log(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    witness = Witness()
    fit(GroupDynamicsMonitor(), witness)
    history = History.load(tmp_path)
    assert (history.tasks, history.total) == (("task_0", "task_1", "task_2", "task_3"), 20)
    groups, weights, losses = (torch.stack(part) for part in zip(*witness.steps, strict=True))
    np.testing.assert_array_equal(history.groups, groups)
    np.testing.assert_array_equal(history.weights, weights)
    np.testing.assert_array_equal(history.losses, losses)


def test_the_page_stands_beside_the_other_files_of_the_run(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    fit(GroupDynamicsMonitor(), logger=CSVLogger(tmp_path, name="runs"))
    found = {path.name for path in (tmp_path / "runs" / "version_0").iterdir()}
    assert found == {"group_dynamics.npz", "group_dynamics.html", "metrics.csv", "multi_task.yaml"}


def test_stability_is_logged_as_the_mean_since_the_last_logging_step(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    fit(GroupDynamicsMonitor(), logger=CSVLogger(tmp_path, name="runs"))
    with (tmp_path / "runs" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("groups/moves")]
    history = History.load(tmp_path / "runs" / "version_0")
    moved = (np.diff(history.groups, axis=0) != 0).sum(1)
    assert [int(row["step"]) for row in rows] == [4, 9, 14, 19]
    expected = [moved[:4].mean(), *(moved[start : start + 5].mean() for start in (4, 9, 14))]
    assert [float(row["groups/moves"]) for row in rows] == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
def test_resuming_gives_the_log_of_a_run_that_never_stopped(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    fit(GroupDynamicsMonitor(), ModelCheckpoint(tmp_path / "checkpoints", save_last=True), max_epochs=1)
    resumed = GroupDynamicsMonitor()
    fit(resumed, max_epochs=3, ckpt_path=tmp_path / "checkpoints" / "last.ckpt")
    assert resumed.history.total == 30
    assert resumed.history.windows.transitions.sum() == 29
    assert resumed.history.steps.tolist() == list(range(30))


@pytest.mark.parametrize(
    ("exception", "raised"),
    [
        pytest.param(KeyboardInterrupt(), SystemExit, id="interrupt"),
        pytest.param(ZeroDivisionError("in the step"), ZeroDivisionError, id="error"),
    ],
)
def test_a_broken_run_leaves_a_page_that_says_so(
    fit: Callable[..., Trainer], tmp_path: Path, exception: Any, raised: type[BaseException]
) -> None:
    with pytest.raises(raised):
        fit(GroupDynamicsMonitor(), Stop(7, exception))
    page = (tmp_path / "group_dynamics.html").read_text()
    assert History.load(tmp_path).total == 7
    assert f"interrupted <b>{type(exception).__name__}</b>" in page


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
@pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint that ended before the epoch ended")
def test_a_run_that_is_resumed_to_its_end_no_longer_says_interrupted(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    class Save(Callback):  # as `OnExceptionCheckpoint` does
        def on_exception(self, trainer: Trainer, *_: Any) -> None:
            trainer.save_checkpoint(tmp_path / "broken.ckpt")

    with pytest.raises(ZeroDivisionError):
        fit(GroupDynamicsMonitor(), Save(), Stop(7, ZeroDivisionError()))
    fit(GroupDynamicsMonitor(), ckpt_path=tmp_path / "broken.ckpt")
    assert not History.load(tmp_path).notes.interrupted


def test_accumulated_batches_make_one_step(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    trainer = fit(GroupDynamicsMonitor(), accumulate_grad_batches=4)
    # ten batches an epoch: steps after the 4th, the 8th and the last
    assert History.load(tmp_path).total == trainer.global_step == 6


def test_a_trial_run_writes_nothing(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    fit(GroupDynamicsMonitor(), fast_dev_run=True)
    assert not list(tmp_path.iterdir())


def test_an_interval_of_0_leaves_the_record_whole(fit: Callable[..., Trainer]) -> None:
    monitor = GroupDynamicsMonitor()
    trainer = fit(monitor, log_every_n_steps=0)
    assert monitor.history.total == trainer.global_step > 0


@pytest.mark.parametrize(
    ("num_tasks", "steps", "scale"),
    [
        pytest.param(1, 10, 1.0, id="one task"),
        pytest.param(4, 1, 1.0, id="one step"),
        pytest.param(4, 10, float("nan"), id="a loss that is NaN"),
    ],
)
@pytest.mark.filterwarnings("ignore:The loss of task .* was not finite", "ignore:No loss is finite any more")
def test_a_degenerate_fit_leaves_a_page(
    fit: Callable[..., Trainer], tmp_path: Path, toy: Any, num_tasks: int, steps: int, scale: float
) -> None:
    module = type(toy)(num_tasks)
    module.training_step = lambda batch: {**module.losses(batch), "task_0": scale * module.losses(batch)["task_0"]}
    fit(GroupDynamicsMonitor(), method=GO4Align(num_groups=1), module=module, max_epochs=1, limit_train_batches=steps)
    page = (tmp_path / "group_dynamics.html").read_text()
    assert f"tasks <b>{num_tasks}</b> · steps <b>{steps}</b>" in page
    assert page.count("<svg") >= 4


def test_a_method_that_does_not_group_has_no_groups_to_show(
    fit: Callable[..., Trainer], tmp_path: Path, toy: Any
) -> None:
    toy.shared_parameters = toy.body.parameters
    fit(GroupDynamicsMonitor(), method=UPGrad(), max_epochs=1)
    history = History.load(tmp_path)
    page = (tmp_path / "group_dynamics.html").read_text()
    assert (history.grouped, history.num_groups, history.total) == (False, 0, 10)
    assert "Risk shares" in page
    assert "Which tasks travel together" not in page


def test_without_a_method_to_watch_the_config_is_refused(toy: Any) -> None:
    trainer = Trainer(max_epochs=1, callbacks=[GroupDynamicsMonitor()], logger=False, accelerator="cpu")
    with pytest.raises(MisconfigurationException, match=r"Add one to `trainer\.callbacks`"):
        trainer.fit(toy)


def test_the_order_of_the_callbacks_does_not_matter(tmp_path: Path) -> None:
    def trained(folder: str, *order: int) -> tuple[History, str]:
        torch.manual_seed(0)
        monitor = GroupDynamicsMonitor(num_pictures=0)
        callbacks = [MultiTaskCallback(GO4Align(2, 0.01)), monitor]
        logger = CSVLogger(tmp_path, name=folder, version="")
        ordered = [callbacks[i] for i in order]
        quiet_trainer(callbacks=ordered, logger=logger, log_every_n_steps=3).fit(Toy(), loader())
        return monitor.history, (tmp_path / folder / "metrics.csv").read_text()

    (history, rows), (other_history, other_rows) = trained("a", 0, 1), trained("b", 1, 0)
    np.testing.assert_array_equal(history.groups, other_history.groups)
    assert rows.count("groups/moves") == 1
    assert rows == other_rows
