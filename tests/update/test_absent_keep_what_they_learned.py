"""What a method has learned of a task, and how fast it was learning it, stays while the task is absent."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.scalarization import FAMO, IMTLL, UW, Scalarizer
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import (
    GradNorm,
    GroupedScalarizer,
    WithFactors,
    WithLearningRate,
    WithLowerBounds,
)
from lightning_go4align.methods.missing import absent_tasks, impute_missing
from lightning_go4align.methods.state import full_state
from lightning_go4align.update.driver import learn_after_step
from lightning_go4align.update.learned_along import LearnedAlong
from lightning_go4align.update.random_stream import RandomStream

AWAY = {"absent": lambda loss: None, "NaN": lambda loss: loss + math.nan, "infinite": lambda loss: loss + math.inf}


class Parted(Toy):
    """Task ``b`` is away from some of the batches of an epoch of five."""

    def __init__(self, batches: tuple[int, ...], away: Callable[[Tensor], Any] = lambda loss: None) -> None:
        super().__init__()
        self.batches, self.away = batches, away

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        losses = self.losses(batch)
        if batch_idx in self.batches:
            losses["b"] = self.away(losses["b"])
        return losses

    def task_heads(self) -> Any:
        return self.heads.values()


def learned(make: Callable[[], Scalarizer], module: Toy, **options: Any) -> list[Tensor]:
    """What is learned after each batch of two epochs, the first of them complete for GradNorm's initial losses."""
    torch.manual_seed(0)
    method, found = make(), list[Tensor]()

    class Watch(MultiTaskCallback):
        @override
        def on_train_batch_end(self, *arguments: Any) -> None:
            super().on_train_batch_end(*arguments)
            (parameter,) = method.parameters()
            found.append(parameter.detach().clone())

    quiet_trainer(callbacks=Watch(method, tasks=["a", "b", "c"]), max_epochs=2, **options).fit(module, loader())
    return found


METHODS: dict[str, Callable[[], Scalarizer]] = {
    "UW": lambda: UW(3),
    "IMTL-L": lambda: IMTLL(3),
    "FAMO": lambda: FAMO(3),
    "GradNorm": lambda: GradNorm(3),
    "UW with a rate": lambda: WithLearningRate(UW(3), 0.1),
    "UW with factors": lambda: WithFactors(UW(3), {"b": 0.5}),
    "UW with bounds": lambda: WithLowerBounds(UW(3), [-1.0, -1.0, -1.0]),
    "UW grouped": lambda: GroupedScalarizer(UW(3), 2),
    "FAMO grouped": lambda: GroupedScalarizer(FAMO(3), 2),
    "FAMO with factors, grouped": lambda: GroupedScalarizer(WithFactors(FAMO(3), {"b": 0.5}), 2),
}


@pytest.mark.filterwarnings("ignore:The loss of task 'b' was not finite")
@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_what_is_learned_of_a_task_stays_while_it_is_away(make: Any, away: Any) -> None:
    found = learned(make, Parted((2, 3), away))
    steps = torch.stack(found).diff(dim=0)[4:]  # From the last batch of the first epoch on.
    moves = [[bool(step != 0) for step in task] for task in steps.T]
    assert moves == [[True] * 5, [True, True, False, False, True], [True] * 5]


def moments(state: Any) -> list[float]:
    """Adam's, of the second of two tasks."""
    return [state["state"][0][name][1].item() for name in ("exp_avg", "exp_avg_sq")]


def test_moments_of_what_is_learned_along_stay_while_a_task_is_away() -> None:
    along, found = LearnedAlong(UW(2)), list[Any]()
    for row in ([3.0, 5.0], [3.0, math.nan]):
        losses = torch.tensor(row, requires_grad=True)
        along.begin_batch(True)
        objective = along.method(impute_missing(losses, torch.tensor([3.0, 5.0])))
        along.differentiate(objective, losses, absent_tasks(losses), 1.0)
        along.step()
        found.append(moments(along.state_dict()))
    assert found[0] == found[1]


@pytest.mark.parametrize("rows", [([1.0, math.nan], [0.5, math.nan]), ([1.0, 2.0], [0.5, math.nan])])
def test_moments_of_famo_stay_while_a_task_is_away_before_its_step_or_after(rows: Any) -> None:
    famo, random = FAMO(2), RandomStream(0)
    last = torch.tensor([2.0, 2.0])
    found = list[Any]()
    for before, after in (([2.0, 2.0], [1.0, 1.5]), rows):
        losses = torch.tensor(before)
        famo(impute_missing(losses, last))
        learn_after_step(famo, random, torch.tensor(after), last, absent_tasks(losses))
        found.append(moments(full_state(famo)["attributes"][""]["_optimizer"]["state"]))
    assert found[0] == found[1]


def test_a_task_learns_from_those_accumulated_batches_that_hold_it() -> None:
    """Batches 0 and 1 make a step, 2 and 3, and 4 alone."""
    options: Any = {"accumulate_grad_batches": 2, "max_steps": 2}
    alone = learned(METHODS["UW"], Parted((1,)), **options)
    away = learned(METHODS["UW"], Parted((0, 1)), **options)
    usual = learned(METHODS["UW"], Parted(()), **options)
    assert away[1].tolist()[1] == 0.0
    assert alone[1][1] != 0
    torch.testing.assert_close(alone[1][0], usual[1][0])


def test_a_batch_without_a_task_adds_nothing_to_its_gradient() -> None:
    """UW's gradient at its start is (1 - loss) / 2 of a batch; a tenth of it is Adam's first moment."""
    along = LearnedAlong(UW(2))
    for number, row in enumerate([[3.0, math.nan], [5.0, 9.0]]):
        losses = torch.tensor(row, requires_grad=True)
        along.begin_batch(number == 0)
        objective = along.method(impute_missing(losses, torch.tensor([1.0, 100.0])))
        along.differentiate(objective, losses, absent_tasks(losses), 0.5)
    along.step()
    state: Any = along.state_dict()
    torch.testing.assert_close(state["state"][0]["exp_avg"], torch.tensor([-0.15, -0.2]))
