"""A task that is not heard is told once, while the run goes on, with the way out."""

import math
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.aggregation import MGDA
from torchjd.scalarization import FAMO, IMTLL, UW, Random, Sum
from toy import quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import FixedWeights, SingleTask, WithFactors, WithLowerBounds
from lightning_go4align.update.readout import CAPACITY

TASKS = ("large", "one", "two")


class Sized(pl.LightningModule):
    """Three tasks that no training moves, of given losses.

    Args:
        sizes: The loss of each task, or what gives it from the batch's number.
    """

    def __init__(self, *sizes: Any) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.sizes = sizes

    @override
    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor | None]:
        nothing = 0 * self.layer(batch[0]).sum()
        sizes = [size(batch_idx) if callable(size) else size for size in self.sizes]
        return {task: None if size is None else nothing + size for task, size in zip(TASKS, sizes, strict=True)}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.0)


class Told(pl.Callback):
    """Writes down after which batch there was how much to hear."""

    def __init__(self, caught: list[warnings.WarningMessage]) -> None:
        self.caught, self.after = caught, list[int]()

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.after.append(len(messages(self.caught)))


def messages(caught: list[warnings.WarningMessage]) -> list[str]:
    return [text for text in (str(warning.message) for warning in caught) if "ask '" in text]


def heard(method: Any, *sizes: Any, steps: int, **options: Any) -> tuple[list[str], list[int]]:
    """Return the warnings about tasks, and how many there had been after each batch."""
    data = DataLoader(TensorDataset(torch.ones(steps, 1)), batch_size=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        told = Told(caught)
        quiet_trainer(callbacks=[MultiTaskCallback(method), told], max_epochs=1, **options).fit(Sized(*sizes), data)
    return messages(caught), told.after


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


@pytest.mark.parametrize("offset", [-1000.0, -1.0])
def test_the_robust_method_takes_negative_losses_without_a_word(offset: float) -> None:
    assert heard(RobustGO4Align(), offset, 1.0, lambda batch: (-1) ** batch * 0.1, steps=150)[0] == []


@pytest.mark.parametrize(
    ("method", "mend"),
    [
        pytest.param(lambda: GO4Align(2), "WithLowerBounds(GO4Align(...)", id="GO4Align"),
        pytest.param(lambda: UW(3), "WithLowerBounds(UW(...)", id="UW"),
        pytest.param(lambda: IMTLL(3), "WithLowerBounds(IMTLL(...)", id="IMTL-L"),
    ],
)
@pytest.mark.parametrize("first", [0, 700], ids=["from the start", "late"])
def test_a_negative_loss_is_told_between_two_logging_steps_and_without_a_logger(
    method: Any, mend: str, first: int
) -> None:
    found, after = heard(method(), lambda batch: -1.0 if batch >= first else 1.0, 1.0, 1.2, steps=first + 80)
    (message,) = found
    assert f"task 'large' was negative in step {'' if first else 0}" in message
    assert mend in message
    assert after[first + CAPACITY] == 1


def test_declared_bounds_are_the_mend_that_is_promised() -> None:
    assert heard(WithLowerBounds(UW(3), bounds=[-2.0, 0.0, 0.0]), -1.0, 1.0, 1.2, steps=80)[0] == []
    assert heard(FAMO(3, min_losses=torch.tensor([-2.0, 0.0, 0.0])), -1.0, 1.0, 1.2, steps=80)[0] == []


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(lambda: WithLowerBounds(UW(3), bounds=[-2.0, 0.0, 0.0]), id="UW"),
        pytest.param(
            lambda: WithFactors(WithLowerBounds(UW(3), [-2.0, 0.0, 0.0]), {"large": 0.5}), id="with factors"
        ),
        pytest.param(lambda: WithLowerBounds(GO4Align(2), bounds=[-2.0, 0.0, 0.0]), id="GO4Align"),
    ],
)
def test_a_bound_that_was_guessed_too_high_is_told(method: Any) -> None:
    found, after = heard(method(), lambda batch: 1.0 - batch / 10, 1.0, 1.2, steps=140)
    (message,) = found
    assert "task 'large' is -2" in message or "task 'large' is -5" in message
    assert "below its declared bound, -2" in message
    assert after[30] == 0  # The loss is -2 in batch 30.


def test_a_negative_loss_is_told_of_a_task_with_a_factor() -> None:
    (message,), _ = heard(WithFactors(UW(3), {"large": 0.5}), -1.0, 1.0, 1.2, steps=10)
    assert "task 'large' was negative in step 0" in message


NOISE = torch.rand(1100, 3, generator=torch.Generator().manual_seed(0)).tolist()


def test_far_from_0_the_size_of_a_loss_says_nothing_of_the_others() -> None:
    far = [lambda batch, sign=sign, task=task: sign * 1000 + NOISE[batch][task] for task, sign in ((0, 1), (1, -1))]
    # One weight for all: each scale is that of its noise, and 'two' has a hundredth of the risk of the others.
    assert heard(RobustGO4Align(1), *far, lambda batch: 1e-3 * (1 + NOISE[batch][2]), steps=1100)[0] == []


def test_an_outlier_is_named_as_what_starves_a_task_of_the_robust_method() -> None:
    found, _ = heard(RobustGO4Align(), 1.0, lambda batch: 1e30 if batch == 10 else 1.0, 1.2, steps=200)
    (message,) = found
    assert "Task 'one' starves: for 189 steps" in message
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


def test_of_several_tasks_that_turn_bad_the_first_is_named_and_how_often() -> None:
    found, _ = heard(
        RobustGO4Align(),
        lambda batch: math.nan if batch % 100 == 12 else 1.0,
        lambda batch: math.nan if batch == 11 else 1.0,
        1.2,
        steps=800,
    )
    assert [message.partition(":")[0] for message in found] == [
        "The loss of task 'one' was not finite in step 11",
        "The loss of task 'large' was not finite in step 112",
        "The loss of task 'large' was not finite in step 312, for the 4th time",
        "The loss of task 'large' was not finite in step 712, for the 8th time",
    ]
    assert found[0].endswith("So it is with ['large'].")


def test_an_aggregator_may_leave_a_task_out_of_a_step() -> None:
    assert heard(MGDA(), 1.0, -1.0, 1.2, steps=10)[0] == []
