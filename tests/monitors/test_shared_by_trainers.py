"""A monitor that two trainers share: right in turns that begin anew, refused by name where two fits would mix."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from monitors.test_second_fit import Scored, delta_m, trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.history import History
from lightning_go4align.monitors import GroupDynamicsMonitor

pytestmark = pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers")


class Within(Callback):
    """Does something else in the middle of a fit, once."""

    def __init__(self, does: Callable[[], Any]) -> None:
        self.does: Callable[[], Any] | None = does

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.does is not None:
            does, self.does = self.does, None
            does()


def balancing() -> MultiTaskCallback:
    return MultiTaskCallback(GO4Align(2, 1e-2))


@pytest.mark.parametrize("tasks", [3, 4], ids=["other tasks", "the same tasks"])
def test_a_record_is_never_that_of_two_trainers_whose_fits_alternate(toy: Any, tmp_path: Path, tasks: int) -> None:
    monitor = GroupDynamicsMonitor()
    one = trainer(tmp_path / "1", balancing(), monitor, epochs=1)
    one.fit(toy)
    trainer(tmp_path / "2", balancing(), monitor, epochs=2).fit(type(toy)(tasks))
    one.fit_loop.max_epochs = 2
    with pytest.raises(MisconfigurationException, match="Give each trainer a `GroupDynamicsMonitor` of its own"):
        one.fit(toy)
    assert [History.load(tmp_path / name).total for name in "12"] == [10, 20]
    assert len(monitor.history.tasks) == tasks


def test_a_monitor_that_joins_a_trainer_later_records_from_there(toy: Any, tmp_path: Path) -> None:
    one, monitor = trainer(tmp_path, balancing(), epochs=1), GroupDynamicsMonitor()
    one.fit(toy)
    one.callbacks.append(monitor)  # type: ignore[attr-defined]  # A connector sets it.
    one.fit_loop.max_epochs = 3
    one.fit(toy)
    assert monitor.history.total == 20


def test_a_fit_within_the_fit_that_a_monitor_records_is_refused_and_leaves_the_record(
    toy: Any, tmp_path: Path
) -> None:
    monitor = GroupDynamicsMonitor()
    inner = trainer(tmp_path / "inner", balancing(), monitor)

    def refused() -> None:
        with pytest.raises(MisconfigurationException, match="which still runs"):
            inner.fit(type(toy)(3))

    trainer(tmp_path / "outer", balancing(), monitor, Within(refused), epochs=2).fit(toy)
    found = History.load(tmp_path / "outer")
    assert (found.total, found.notes.interrupted, monitor.history.total) == (20, "", 20)
    assert not (tmp_path / "inner").exists()


def test_epochs_of_convergence_are_never_those_of_two_trainers_whose_fits_alternate(tmp_path: Path) -> None:
    monitor, module = delta_m(), Scored(until=9)
    one = trainer(tmp_path, monitor, epochs=2)
    one.fit(module)
    trainer(tmp_path, monitor, epochs=3).fit(Scored(until=1))
    one.fit_loop.max_epochs = 4
    with pytest.raises(MisconfigurationException, match="Give each trainer a `DeltaMMonitor` of its own"):
        one.fit(module)
    assert (monitor.convergence.epoch.item(), monitor.epochs.tolist()) == (3, [2, 1])


def test_a_fit_within_a_scored_fit_is_refused_and_a_validation_is_not_counted(tmp_path: Path) -> None:
    monitor, module, other = delta_m(), Scored(until=9), Scored(until=9)
    inner = trainer(tmp_path, monitor)

    def others() -> None:
        inner.validate(other, verbose=False)
        inner.validate(module, verbose=False)
        module.trainer = outer
        with pytest.raises(MisconfigurationException, match="which still runs"):
            inner.fit(other)

    outer = trainer(tmp_path, monitor, Within(others), epochs=3)
    outer.fit(module)
    assert inner.callback_metrics["val/delta_m"] == 0  # of the first epoch, for a trainer that has trained none
    assert (monitor.convergence.epoch.item(), monitor.epochs.tolist()) == (3, [3, 1])
    assert "on_validation_epoch_end" not in {**vars(module), **vars(other)}


@pytest.mark.parametrize("make", [GroupDynamicsMonitor, delta_m])
def test_a_monitor_that_watched_a_fit_can_be_sent_to_another_process(
    toy: Any, tmp_path: Path, make: Callable[[], Callback]
) -> None:
    monitor = make()
    balanced = isinstance(monitor, GroupDynamicsMonitor)
    callbacks = [balancing(), monitor] if balanced else [monitor]
    trainer(tmp_path, *callbacks, epochs=1).fit(toy if balanced else Scored(until=1))
    assert repr(pickle.loads(pickle.dumps(monitor))) == repr(monitor)
