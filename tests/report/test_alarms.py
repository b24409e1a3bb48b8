from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from toy import quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback, RobustGO4Align
from lightning_go4align.history import History
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.clusters import clusters
from lightning_go4align.report.page import page
from lightning_go4align.report.shares import recent_shares


def said(history: History) -> str:
    return " ".join(alarm.what for alarm in alarms(history))


def test_a_healthy_run_has_no_alarm() -> None:
    assert alarms(example_history()) == []


def test_a_task_below_a_thousandth_of_an_even_share_starves(make: Callable[..., History]) -> None:
    # 4 tasks: an even share is a quarter; 0.9e-3 of it starves, 1.1e-3 of it does not
    even = [1.0, 1.0, 1.0]
    assert "**edges** starves" in said(make(weights=1.0, losses=[*even, 0.9e-3 * 3 / (4 - 0.9e-3)]))
    assert said(make(weights=1.0, losses=[*even, 1.1e-3 * 3 / (4 - 1.1e-3)])) == ""


def test_a_share_is_measured_against_the_tasks_of_each_step(make: Callable[..., History]) -> None:
    losses = np.ones((60, 4))
    losses[::2, :3] = np.nan  # in every second step there is one task alone, whose even share is all
    np.testing.assert_allclose(recent_shares(make(weights=1.0, losses=losses)), 1)


def test_a_task_that_recovered_a_thousand_recorded_steps_ago_does_not_starve() -> None:
    from dataclasses import replace

    weights = np.ones((2100, 4), np.float32)
    weights[:1100, 0] = 1e-9
    arrays: dict[str, Any] = {
        "steps": np.arange(2100),
        "groups": np.zeros((2100, 4), np.int16),
        "losses": np.ones_like(weights),
    }
    history = replace(example_history(), weights=weights, total=2100, **arrays)
    assert "starves" not in said(history)
    assert "**segmentation** starves" in said(replace(history, weights=weights[::-1]))


def test_a_weight_of_0_is_an_alarm_of_its_own(make: Callable[..., History]) -> None:
    found = said(make(weights=[0.0, 1.0, 1.0, 2.0], losses=1.0))
    assert found == "The weight of **segmentation** is 0 in all recent steps."


def test_a_loss_that_was_not_finite_is_named_with_its_first_step(make: Callable[..., History]) -> None:
    losses = np.ones((60, 4))
    losses[[17, 40], 1] = np.inf
    assert "The loss of **depth** was not finite in 2 of 60 recorded steps, first in 17." in said(make(losses=losses))


@pytest.mark.parametrize(("method", "said_so"), [("2", True), ("12", True), ("1", False)])
def test_a_group_that_holds_all_tasks_is_an_alarm_unless_there_is_to_be_one_group(
    make: Callable[..., History], method: str, said_so: bool
) -> None:
    found = said(make(groups=0, weights=1.0, losses=1.0, method=f"GO4Align(num_groups={method})"))
    assert ("One group holds all tasks in 100% of the steps" in found) == said_so


def test_a_group_whose_tasks_have_weights_of_their_own_is_no_alarm(make: Callable[..., History]) -> None:
    weights, losses = np.array([1.0, 1.3, 0.7, 1.0]), np.ones((60, 4))
    assert said(make(groups=1, weights=weights, losses=losses, method="RobustGO4Align()")) == ""
    losses[:, 1:3] = np.nan  # absent: the weights that count are equal
    found = said(make(groups=1, weights=weights, losses=losses, method="RobustGO4Align()"))
    assert "One group holds all tasks" in found


def test_groups_that_agree_by_chance_from_step_to_step_never_settle() -> None:
    from dataclasses import replace

    history = example_history()
    windows = replace(history.windows, adjusted_rand=0.4 * history.windows.transitions)
    assert "The groups do not settle" in said(replace(history, windows=windows))
    early = history.windows.adjusted_rand.copy()
    early[:40] = 0  # restless at first: the last quarter counts
    assert said(replace(history, windows=replace(history.windows, adjusted_rand=early))) == ""


def test_alarms_stand_before_everything_else_on_the_page(make: Callable[..., History]) -> None:
    found = page(make(weights=[0.0, 1.0, 1.0, 2.0], losses=1.0))
    assert found.index("Look here first") < found.index('class="tiles"') < found.index("<figure")


@pytest.mark.parametrize(
    ("share", "sets"), [(0.95, [[0, 1], [2, 3]]), (0.85, [[0], [1], [2], [3]])], ids=["joined", "apart"]
)
def test_tasks_that_share_nine_of_ten_steps_are_one_set(share: float, sets: Any) -> None:
    from dataclasses import replace

    together = np.diag([100] * 4)
    together[[0, 1, 2, 3], [1, 0, 3, 2]] = round(100 * share)
    history = replace(example_history(), together=together, present=np.full((4, 4), 100))
    assert sorted(sorted(cluster.tasks) for cluster in clusters(history)) == sets


def test_a_task_that_begins_to_starve_within_a_short_run_is_an_alarm(make: Callable[..., History]) -> None:
    """Its mean share over the run would hide it: it falls by ten per three steps, as under Eq. 6."""

    def falling(healthy: int) -> History:
        weight = 10.0 ** (-(np.arange(60)[:, None] - healthy) / 3)
        return make(weights=np.where(np.arange(4) == 0, weight.clip(max=1), 1.0), losses=1.0)

    # A weight of 3e-3/4 is a thousandth of an even share, 10 steps on.
    assert "starves" not in said(falling(healthy=1))
    assert "**segmentation** starves: in the last 50" in said(falling(healthy=0))
    assert recent_shares(falling(healthy=0))[0] > 0.01  # ten times what starves


def test_a_task_that_has_learned_does_not_starve(make: Callable[..., History]) -> None:
    losses = np.ones((60, 4))
    losses[2:, 0] = 1e-5
    assert said(make(weights=1.0, losses=losses)) == ""


class Sized(pl.LightningModule):
    """Three tasks that no training moves, one of them large."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> dict[str, Tensor]:
        nothing = 0 * self.layer(batch[0]).sum()
        return {"large": nothing + 1000.0, "one": nothing + 1.0, "two": nothing + 1.2}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.0)


def test_the_page_of_a_starved_run_begins_with_its_alarm(tmp_path: Path) -> None:
    callbacks = [MultiTaskCallback(GO4Align(3)), GroupDynamicsMonitor()]
    data = DataLoader(TensorDataset(torch.ones(200, 1)), batch_size=1)
    with pytest.warns(UserWarning, match="Task 'large' starves"):
        quiet_trainer(callbacks=callbacks, max_epochs=1, default_root_dir=tmp_path).fit(Sized(), data)
    (written,) = tmp_path.rglob("group_dynamics.html")
    found = written.read_text()
    assert "large</b> starves" in found
    assert found.index("Look here first") < found.index('class="tiles"')


class Broken(Sized):
    """One task has a loss that is not a number in one step, and is absent from another."""

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> dict[str, Tensor]:
        losses = super().training_step(batch, batch_idx)
        if batch_idx == 7:
            losses["one"] = losses["one"] + torch.nan
        return {name: loss for name, loss in losses.items() if (name, batch_idx) != ("two", 3)}


def test_a_loss_that_is_not_a_number_is_an_alarm_and_an_absent_task_is_none(tmp_path: Path) -> None:
    monitor = GroupDynamicsMonitor()
    callbacks = [MultiTaskCallback(RobustGO4Align(2)), monitor]
    data = DataLoader(TensorDataset(torch.ones(20, 1)), batch_size=1)
    with pytest.warns(UserWarning, match="The loss of task 'one' was not finite in step 7"):
        quiet_trainer(callbacks=callbacks, max_epochs=1, default_root_dir=tmp_path).fit(Broken(), data)
    assert said(monitor.history) == "The loss of **one** was not finite in 1 of 20 recorded steps, first in 7."
    assert np.isnan(monitor.history.losses[3]).tolist() == [False, False, True]
