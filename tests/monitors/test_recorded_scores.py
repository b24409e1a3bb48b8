"""What the validations of a run add to its record."""

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from lightning_go4align.metrics import DeltaM
from lightning_go4align.monitors import DeltaMMonitor, GroupDynamicsMonitor
from lightning_go4align.plots import convergence

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


def test_scores_of_each_epoch_come_from_the_delta_m_monitor(fit: Callable[..., Trainer]) -> None:
    monitor = GroupDynamicsMonitor()
    delta_m = DeltaMMonitor({f"val/task_{i}": 1.0 for i in range(4)})
    trainer = fit(monitor, delta_m, max_epochs=3)
    history = monitor.history
    assert history.validations.epochs.tolist() == [1, 2, 3]
    assert history.validations.delta_m[-1] == pytest.approx(trainer.callback_metrics["val/delta_m"].item())
    assert history.metrics == ("task_0", "task_1", "task_2", "task_3")
    assert history.best_changes.mean() == pytest.approx(history.validations.delta_m.min())
    assert history.convergence_epochs.tolist() == delta_m.epochs.tolist()


@pytest.mark.parametrize(
    ("interval", "epochs"),
    [
        pytest.param({"check_val_every_n_epoch": 2, "max_epochs": 4}, [2, 4], id="every second epoch"),
        pytest.param({"val_check_interval": 0.5, "max_epochs": 2}, [0.5, 1, 1.5, 2], id="twice an epoch"),
    ],
)
@pytest.mark.parametrize("watched", [True, False], ids=["by the monitor", "by the module"])
def test_convergence_is_told_in_epochs_however_often_the_network_is_validated(
    fit: Callable[..., Trainer], toy: Any, interval: dict[str, Any], epochs: Sequence[float], watched: bool
) -> None:
    def validation_step(batch: Tensor) -> None:
        losses = toy.losses(batch)
        toy.log_dict({f"val/{'' if watched else 'delta/'}{task}": loss for task, loss in losses.items()})
        toy.log_dict({} if watched else {"val/delta_m": sum(losses.values()) / 4})

    toy.validation_step, toy.score = validation_step, DeltaM({f"task_{i}": 1.0 for i in range(4)})
    monitor = GroupDynamicsMonitor()
    others = [DeltaMMonitor({f"val/task_{i}": 1.0 for i in range(4)})] if watched else []
    trainer = fit(monitor, *others, num_sanity_val_steps=0, **interval)
    history = monitor.history
    assert history.validations.epochs.tolist() == epochs
    assert history.convergence_epochs.max() == epochs[-1]  # the largest losses fall to the end
    if watched:
        assert trainer.callback_metrics["val/convergence_difference"].item() == pytest.approx(
            history.convergence_epochs.std()
        )


def test_the_convergence_difference_of_a_module_that_scores_itself_is_logged(
    fit: Callable[..., Trainer], tmp_path: Path, toy: Any
) -> None:
    def validation_step(batch: Tensor) -> None:
        errors = {"depth": [4.0, 2.0, 1.999], "normal": [9.0, 5.0, 3.0]}
        changes = {f"val/delta/{name}": values[toy.current_epoch] for name, values in errors.items()}
        toy.log_dict(changes | {"val/delta_m": sum(changes.values()) / 2})

    toy.validation_step, toy.score = validation_step, DeltaM({"depth": 1.0, "normal": 1.0})
    fit(GroupDynamicsMonitor(), logger=CSVLogger(tmp_path, name="runs"), max_epochs=3, num_sanity_val_steps=0)
    with (tmp_path / "runs" / "version_0" / "metrics.csv").open() as file:
        found = [row["val/convergence_difference"] for row in csv.DictReader(file)]
    # 104 %, 102 %, 101.999 % of the single-task error and 109 %, 105 %, 103 %: epochs 1, 2, 2 and 1, 2, 3
    assert [float(value) for value in found if value] == [0, 0, 0.5]


def test_a_metric_that_is_never_a_number_has_no_epoch_and_no_dot(fit: Callable[..., Trainer], toy: Any) -> None:
    def validation_step(batch: Tensor) -> None:
        toy.log_dict({"val/absent": math.nan, "val/level": 1.0, "val/falling": 0.5**toy.current_epoch})

    toy.validation_step = validation_step
    monitor, delta_m = (
        GroupDynamicsMonitor(),
        DeltaMMonitor(dict.fromkeys(["val/absent", "val/level", "val/falling"], 1.0)),
    )
    trainer = fit(monitor, delta_m, max_epochs=3, num_sanity_val_steps=0)
    assert monitor.history.convergence_epochs.tolist() == [0, 1, 3]
    assert trainer.callback_metrics["val/convergence_difference"] == 1
    labels = [label.get_text() for label in convergence(monitor.history).axes[0].get_yticklabels()]
    assert labels == ["level", "falling"]
