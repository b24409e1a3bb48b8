"""A batch that is skipped has no losses: nothing of the step before is recorded or logged in its place."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GroupDynamicsMonitor, MultiTaskCallback, RobustGO4Align
from lightning_go4align.update.readout import KEPT

pytestmark = pytest.mark.filterwarnings("ignore:`training_step` returned `None`")


def trained(tmp_path: Path, skipped: int, batches: int = 12, **options: Any) -> tuple[GroupDynamicsMonitor, Any]:
    monitor, logger = GroupDynamicsMonitor(num_pictures=0), CSVLogger(tmp_path)
    callbacks = [MultiTaskCallback(RobustGO4Align()), monitor]
    chosen = {"max_epochs": 1, "log_every_n_steps": 1, "logger": logger, "default_root_dir": tmp_path, **options}
    quiet_trainer(callbacks=callbacks, **chosen).fit(Toy(skipped=skipped), loader(8 * batches))
    logger.save()
    with Path(logger.log_dir, "metrics.csv").open() as file:
        return monitor, [row for row in csv.DictReader(file) if row["loss/a"]]


def test_a_skipped_batch_is_recorded_as_one_without_tasks(tmp_path: Path) -> None:
    monitor, logged = trained(tmp_path, skipped=3)
    history = monitor.history
    is_skipped = torch.arange(12) % 3 == 1
    assert history.total == 12  # An optimizer's step each, so that steps are those of the loggers.
    assert torch.equal(torch.as_tensor(history.losses).isnan().all(1), is_skipped)
    assert torch.equal((torch.as_tensor(history.groups) < 0).all(1), is_skipped)
    assert [int(row["step"]) for row in logged] == [step for step in range(12) if step % 3 != 1]
    assert len({row["loss/a"] for row in logged}) == len(logged)


@pytest.mark.parametrize("number", [2, 3])
def test_of_accumulated_batches_one_may_be_skipped(tmp_path: Path, number: int) -> None:
    monitor, _ = trained(tmp_path, skipped=3, accumulate_grad_batches=number)
    assert not torch.as_tensor(monitor.history.losses).isnan().any()


def test_thousands_of_skipped_batches_do_not_pile_up(tmp_path: Path) -> None:
    class Once(Toy):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.losses(batch) if batch_idx == 0 else None

    monitor = GroupDynamicsMonitor(num_pictures=0)
    callbacks = [MultiTaskCallback(RobustGO4Align()), monitor]
    steps = 2 * KEPT + 10
    quiet_trainer(callbacks=callbacks, max_epochs=1, default_root_dir=tmp_path).fit(Once(), loader(8 * steps))
    assert monitor.history.total == steps
