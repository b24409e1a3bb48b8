"""A task that is not heard is told once, while the run goes on, with the way out."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from sized import Sized, heard, messages
from torch.utils.data import DataLoader, TensorDataset
from torchjd.aggregation import MGDA, ConFIG, GradDrop
from torchjd.scalarization import FAMO, UW, Constant, Random, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import DBMTL, FixedWeights, SingleTask, WithFactors, WithLowerBounds
from lightning_go4align.update.record import HostNumbers, TaskSteps
from lightning_go4align.update.starvation import Starvation

NOISE = torch.rand(1100, 3, generator=torch.Generator().manual_seed(0)).tolist()


class ScaledToy(Toy):
    """Three tasks in units far from each other."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return {
            task: loss * unit for (task, loss), unit in zip(self.losses(batch).items(), (1e-6, 1.0, 1e3), strict=True)
        }


def test_a_task_in_large_units_is_told_within_its_first_epoch_with_the_way_out() -> None:
    found, _ = heard(GO4Align(3), 1000.0, 1.0, 1.2, steps=150)
    (message,) = found
    assert "Task 'large' starves" in message
    assert "RobustGO4Align" in message


def test_a_long_epoch_is_not_waited_for() -> None:
    found, after = heard(Sum(), 1.0, 1e-6, 1.0, steps=1100)
    assert [message.startswith("Task 'one' starves: for 10") for message in found] == [True]
    assert (after[900], after[1050]) == (0, 1)


def test_a_task_that_is_heard_now_and_then_does_not_starve() -> None:
    assert heard(Sum(), 1.0, lambda batch: 1.0 if batch % 100 == 0 else 1e-6, 1.0, steps=1100)[0] == []


def test_a_task_that_has_learned_does_not_starve() -> None:
    assert heard(Sum(), 1.0, lambda batch: 1.0 if batch == 0 else 1e-6, 1.0, steps=200)[0] == []


def learns(batch: int) -> float:
    return 1.0 if batch == 0 else 1e-6


@pytest.mark.parametrize("resumes", [True, False], ids=["resumed", "fitted again"])
def test_a_task_that_has_learned_does_not_starve_in_a_later_fit(resumes: bool, tmp_path: Path) -> None:
    data, file = DataLoader(TensorDataset(torch.ones(100, 1)), batch_size=1), tmp_path / "last.ckpt"
    module, callback = Sized(1.0, learns, 1.0), MultiTaskCallback(Sum())
    trainer = quiet_trainer(callbacks=[callback], max_epochs=1)
    trainer.fit(module, data)
    trainer.save_checkpoint(file)
    module.sizes = (1.0, 1e-6, 1.0)
    if resumes:
        trainer = quiet_trainer(callbacks=[MultiTaskCallback(Sum())])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit_loop.max_epochs = 2
        trainer.fit(module, data, ckpt_path=file if resumes else None)
    assert trainer.current_epoch == 2
    assert messages(caught) == []


def test_a_fit_of_another_model_judges_by_its_own_first_losses() -> None:
    data, callback = DataLoader(TensorDataset(torch.ones(100, 1)), batch_size=1), MultiTaskCallback(Sum())
    quiet_trainer(callbacks=[callback], max_epochs=1).fit(Sized(1.0, learns, 1.0), data)
    with pytest.warns(UserWarning, match="Task 'one' starves"):
        quiet_trainer(callbacks=[callback], max_epochs=1).fit(Sized(1.0, 1e-6, 1.0), data)


def test_a_task_that_is_absent_does_not_starve() -> None:
    assert heard(Sum(), 1.0, lambda batch: 1.0 if batch == 0 else None, 1.0, steps=200)[0] == []


def test_half_an_epoch_is_enough() -> None:
    found, _ = heard(Sum(), 1.0, lambda batch: 4e-4 if batch >= 50 else 1e-2, 1.0, steps=101)
    assert [message.startswith("Task 'one' starves: for 51 steps") for message in found] == [True]
    assert heard(Sum(), 1.0, lambda batch: 4e-4 if batch >= 51 else 1e-2, 1.0, steps=100)[0] == []


def test_a_short_epoch_says_nothing_of_starvation() -> None:
    assert heard(Sum(), 1.0, 1e-6, 1.0, steps=49)[0] == []


def test_a_weight_that_is_0_from_the_first_step_on_is_told_after_a_short_run() -> None:
    (message,), _ = heard(Constant(torch.tensor([1.0, 0.0, 1.0])), 1.0, 1.0, 1.0, steps=16)
    assert "Task 'one' starves: for 16 steps" in message
    assert "weight 0" in message


@pytest.mark.parametrize("offset", [-1000.0, 1000.0])
@pytest.mark.parametrize(
    "method",
    [
        pytest.param(Sum, id="Sum"),
        pytest.param(Random, id="Random"),
        pytest.param(lambda: WithLowerBounds(UW(3), [-1001.0, 0.0, 0.0]), id="UW with bounds"),
        pytest.param(lambda: FAMO(3, min_losses=torch.tensor([-1001.0, 0.0, 0.0])), id="FAMO with bounds"),
    ],
)
def test_a_constant_in_one_loss_starves_no_other_task(method: Any, offset: float) -> None:
    def falls(batch: int) -> float:
        return 2.0 * 0.95**batch + 0.02  # Not below a hundredth of the first, where a task has learned.

    assert heard(method(), lambda batch: offset + falls(batch), falls, falls, steps=150)[0] == []


@pytest.mark.parametrize("weight", [0.0, 1e-170, 1e-5])
def test_a_task_of_next_to_no_weight_starves_beside_others_that_learn(weight: float) -> None:
    method = Constant(torch.tensor([weight, 1.0, 1.0], dtype=torch.float64))
    noise = [lambda batch, task=task: 0.8 + 0.4 * NOISE[batch][task] for task in range(3)]
    (message,), _ = heard(method, *noise, steps=150)
    assert message.startswith("Task 'large' starves")


@pytest.mark.parametrize("method", [ConFIG, GradDrop, DBMTL])
def test_a_method_that_tells_no_weights_has_no_shares_to_judge_by(method: Any) -> None:
    trainer, module = quiet_trainer(callbacks=[MultiTaskCallback(method())], max_epochs=20), ScaledToy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit(module, loader())
    assert messages(caught) == []


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(lambda: RobustGO4Align(), id="robust"),
        pytest.param(lambda: RobustGO4Align(2), id="robust with two groups"),
        pytest.param(lambda: Random(), id="Random"),
        pytest.param(lambda: SingleTask("two"), id="single task"),
        pytest.param(lambda: FixedWeights([0.0, 1.0, 1.0]), id="fixed weights"),
        pytest.param(lambda: WithFactors(RobustGO4Align(), {"large": 0.0}), id="a factor of 0"),
    ],
)
def test_no_advice_is_given_where_none_is_due(method: Any) -> None:
    assert heard(method(), 3.0, 1.0, 1.2, steps=150)[0] == []


def test_far_from_0_the_size_of_a_loss_says_nothing_of_the_others() -> None:
    far = [lambda batch, sign=sign, task=task: sign * 1000 + NOISE[batch][task] for task, sign in ((0, 1), (1, -1))]
    # One weight for all: each scale is that of its noise, and 'two' has a hundredth of the risk of the others.
    assert heard(RobustGO4Align(1), *far, lambda batch: 1e-3 * (1 + NOISE[batch][2]), steps=1100)[0] == []


def test_an_outlier_is_named_as_what_starves_a_task_of_the_robust_method() -> None:
    at = [lambda batch, bad=bad: 1e30 if batch == bad else 1.0 for bad in (1, 10)]
    assert heard(RobustGO4Align(), 1.0, at[1], 1.2, steps=200)[0] == []
    (message,), _ = heard(RobustGO4Align(), 1.0, at[0], 1.2, steps=200)  # Two losses tell of no spread.
    assert "Task 'one' starves: for 198 steps" in message
    assert "look for the batch that made it so large" in message


def test_a_rare_task_starves_with_no_loss_to_show() -> None:
    found, _ = heard(Sum(), 1.0, lambda batch: 1e-6 if batch % 50 == 0 else None, 1.0, steps=1070)
    (message,) = found
    assert "learns next to nothing. Bring" in message


def test_factors_that_leave_the_others_nothing_are_named_once() -> None:
    found, _ = heard(WithFactors(RobustGO4Align(), {"one": 1e8}), 1.0, 1.0, 1.2, steps=150)
    (message,) = found
    assert message.startswith("Task 'large' starves")
    assert "The factors of ['one'] leave it no more: lower them. So it is with ['two']." in message
    # Beside a factor that is not what starves it.
    (message,), _ = heard(WithFactors(Sum(), {"one": 0.5}), 1.0, 1.0, 1e-6, steps=150)
    assert "size of the others" in message


def test_an_aggregator_may_leave_a_task_out_of_a_step() -> None:
    assert heard(MGDA(), 1.0, -1.0, 1.2, steps=10)[0] == []


@pytest.mark.parametrize(("num_tasks", "steps", "starves"), [(3, 70, True), (40, 390, False), (40, 410, True)])
def test_one_of_many_tasks_drawn_per_step_is_given_time(num_tasks: int, steps: int, starves: bool) -> None:
    rest = [0] * (num_tasks - 1)
    now = [steps, *rest]
    last = TaskSteps.never(num_tasks)._replace(starved=now, unweighted=now, fed=[-1, *[steps] * len(rest)])
    losses, weights = [1.0] * num_tasks, [0.0, *[1.0] * len(rest)]
    tasks = tuple(f"task {number}" for number in range(num_tasks))
    found = Starvation(Sum()).steps(HostNumbers(steps + 1, tasks, last, 1.0, losses, weights), 0)
    assert (found > 0) == starves
