"""No run writes over another one's record."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from lightning_go4align.atomic_write import unshared
from lightning_go4align.history import FILE, History
from lightning_go4align.monitors import GroupDynamicsMonitor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
    pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint that ended before the epoch ended"),
]


def test_of_many_at_once_each_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: unshared(tmp_path / "ä b", "log"), range(40)))
    assert len(set(found)) == 40
    assert all((folder / "log").is_file() for folder in found)


def test_the_record_of_an_earlier_run_stays(
    fit: Callable[..., Trainer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monitors = [GroupDynamicsMonitor(num_pictures=0) for _ in range(3)]
    for epochs, monitor in enumerate(monitors, 1):
        fit(monitor, max_epochs=epochs)
    folders = [tmp_path, tmp_path / "version_1", tmp_path / "version_2"]
    assert [monitor.folder for monitor in monitors] == folders
    assert [History.load(folder).total for folder in folders] == [10, 20, 30]
    assert all((folder / "group_dynamics.html").is_file() for folder in folders)
    assert f"that of this one goes to {folders[1]}" in caplog.text


def test_a_logger_that_gives_several_runs_one_folder_costs_none_its_record(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    for epochs in (1, 2):  # as two that start at once do, which find the same free version
        logger = TensorBoardLogger(tmp_path, version="night")
        fit(GroupDynamicsMonitor(num_pictures=0), logger=logger, max_epochs=epochs)
    night = tmp_path / "lightning_logs" / "night"
    assert [History.load(folder).total for folder in (night, night / "version_1")] == [10, 20]


def test_a_run_that_goes_on_under_its_loggers_name_keeps_its_folder(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    file = tmp_path / "eleven.ckpt"
    for epochs in (2, 3):
        logger = TensorBoardLogger(tmp_path, version="night")
        given = {"ckpt_path": file} if file.exists() else {}
        fit(GroupDynamicsMonitor(num_pictures=0), Saving(file), logger=logger, max_epochs=epochs, **given)
    night = tmp_path / "lightning_logs" / "night"
    assert History.load(night).total == 30
    assert not (night / "version_1").exists()


def test_a_fit_that_goes_on_keeps_its_folder(
    toy: LightningModule, fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    monitor = GroupDynamicsMonitor(num_pictures=0)
    trainer = fit(monitor, max_epochs=1)
    trainer.fit_loop.max_epochs = 2
    trainer.fit(toy)
    assert History.load(tmp_path).total == 20
    assert not (tmp_path / "version_1").exists()


def test_a_run_that_failed_at_its_first_step_leaves_its_place_to_the_next(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    class Failing(Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(GroupDynamicsMonitor(num_pictures=0), Failing())
    assert list(tmp_path.iterdir()) == []
    fit(GroupDynamicsMonitor(num_pictures=0), max_epochs=1)
    assert History.load(tmp_path).total == 10


class Saving(Callback):
    """Saves a checkpoint after the first epoch, and may end the run in the second."""

    def __init__(self, file: Path, error: BaseException | None = None) -> None:
        self.file, self.error = file, error

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == 11:
            trainer.save_checkpoint(self.file)
        if trainer.global_step == 14 and self.error is not None:
            raise self.error


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_resume_goes_on_where_the_run_was_interrupted_and_apart_from_one_that_was_finished(
    interrupted: bool, fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    file, parts = tmp_path / "eleven.ckpt", [GroupDynamicsMonitor(num_pictures=0) for _ in range(2)]
    if interrupted:
        with pytest.raises(ZeroDivisionError):
            fit(parts[0], Saving(file, ZeroDivisionError()))
    else:
        fit(parts[0], Saving(file))
    fit(parts[1], ckpt_path=file, max_epochs=3)
    assert parts[1].folder == (tmp_path if interrupted else tmp_path / "version_1")
    assert History.load(tmp_path).total == (30 if interrupted else 20)


def test_a_run_can_be_found_as_soon_as_it_begins(fit: Callable[..., Trainer], tmp_path: Path) -> None:
    class Looking(Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            seen.append(History.load(tmp_path).notes.run)

    seen = list[str]()
    fit(GroupDynamicsMonitor(num_pictures=0), Looking(), max_epochs=1)
    assert set(seen) == {"Toy GO4Align"}


def test_a_folder_that_cannot_be_written_to_is_named_before_the_first_step(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    steps = list[int]()

    class Counting(Callback):
        def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
            steps.append(trainer.global_step)

    (tmp_path / FILE).mkdir()
    (tmp_path / "version_1").touch()
    with pytest.raises(OSError, match="version_1"):
        fit(GroupDynamicsMonitor(num_pictures=0), Counting())
    assert steps == []
