"""Tasks that come late, are away for a step, or have a loss of exactly 0: the others are weighed as without them."""

import math
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.scalarization import FAMO, Scalarizer
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import LDCMTL, GradNorm, GroupedScalarizer, WindowedDWA, WithFactors

NAN = math.nan


def grad_norm_after(*epochs: list[float], steps: int = 4) -> tuple[GradNorm, torch.Tensor]:
    """Three tasks whose gradients are alike, at losses that are given for each epoch; and the last objective."""
    method, features = GradNorm(3), torch.ones(2, 1, requires_grad=True)
    optimizer = torch.optim.Adam([method.logits], 0.1)
    objective = torch.zeros(())
    for losses in epochs:
        for _ in range(steps):
            method.observe_representation(features)
            objective = method(features.mean() * torch.tensor(losses))
            optimizer.zero_grad()
            objective.backward()
            optimizer.step()
        method.step()
    return method, objective.detach()


@pytest.mark.parametrize("at_first", [NAN, 0.0], ids=["absent", "exactly 0"])
def test_grad_norm_measures_a_late_task_by_its_first_loss(at_first: float) -> None:
    method, objective = grad_norm_after([1.0, 2.0, at_first], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    usual, _ = grad_norm_after([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert objective.isfinite()
    assert method.initial_losses.tolist() == [1.0, 2.0, 3.0]
    torch.testing.assert_close(method.logits, usual.logits)


def test_grad_norm_leaves_a_task_that_never_had_a_loss_out_of_the_paces() -> None:
    method, objective = grad_norm_after([1.0, 2.0, 0.0], [1.0, 2.0, 0.0])
    assert objective.isfinite()
    assert method.logits.isfinite().all()
    assert method.logits.grad is not None


def shared(method: Scalarizer, *steps: list[float]) -> torch.Tensor:
    """Weights of the last of several steps."""
    losses = torch.zeros(0)
    for values in steps:
        losses = torch.tensor(values, requires_grad=True)
        method(losses).backward()
    assert losses.grad is not None
    return losses.grad


@pytest.mark.parametrize("penalty", [1.0, 2.0])
def test_ldc_mtl_compares_the_neighbours_that_are_there(penalty: float) -> None:
    alone = shared(LDCMTL(1, penalty), [1.0], [0.5])
    beside = shared(LDCMTL(2, penalty), [1.0, 4.0], [0.5, NAN])
    assert beside.tolist() == [alone.item(), 0.0]
    two = shared(LDCMTL(2, penalty), [1.0, 4.0], [0.5, 5.0])
    three = shared(LDCMTL(3, penalty), [1.0, 2.0, 4.0], [0.5, NAN, 5.0])
    torch.testing.assert_close(three, torch.tensor([two[0].item(), 0.0, two[1].item()]))


def test_windowed_dwa_weighs_a_late_task_by_its_own_course() -> None:
    method = WindowedDWA(window=5)
    for step in range(60):
        method(torch.tensor([1.0, 2.0, 100.0 if step >= 20 else NAN]))
        if step > 20 and method.task_weights is not None:
            torch.testing.assert_close(method.task_weights, torch.full((3,), 1 / 3, dtype=torch.float64))


class Parted(Toy):
    """Task ``b`` is absent from every third batch."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = super().training_step(batch, batch_idx)
        return {task: None if task == "b" and batch_idx % 3 == 2 else loss for task, loss in losses.items()}


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(lambda famo: famo, id="alone"),
        pytest.param(lambda famo: WithFactors(famo, {"a": 0.5}), id="with factors"),
        pytest.param(lambda famo: GroupedScalarizer(famo, 2), id="grouped"),
        pytest.param(lambda famo: WithFactors(GroupedScalarizer(famo, 2), {"a": 0.5}), id="grouped, with factors"),
        pytest.param(lambda famo: GroupedScalarizer(WithFactors(famo, {"a": 0.5}), 2), id="with factors, grouped"),
    ],
)
def test_famo_learns_beside_absent_tasks_however_it_is_wrapped(method: Any) -> None:
    pl.seed_everything(0, verbose=False)
    famo = FAMO(3)
    callback = MultiTaskCallback(method(famo), tasks=["a", "b", "c"])
    quiet_trainer(callbacks=callback, max_epochs=1).fit(Parted(), loader())
    (logits,) = famo.parameters()
    assert logits.isfinite().all()
    assert logits.abs().sum() > 0
