"""Methods published since 2024 train every task, with the representation that they need, and resume at any step."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import DBMTL, LDCMTL, NTKMTL, NTKMTLSR, UWSO, GradNorm
from lightning_go4align.methods.observation import observe
from lightning_go4align.methods.state import full_state, load_full_state


class Features(pl.LightningModule):
    """Hands its shared representation on, beside the losses."""

    def __init__(self, optimizer: type[torch.optim.Optimizer] = torch.optim.Adam) -> None:
        super().__init__()
        self.trunk = torch.nn.Linear(4, 8)
        self.heads = torch.nn.ModuleList([torch.nn.Linear(8, 1), torch.nn.Linear(8, 1)])
        self.optimizer = optimizer
        self.first: dict[str, float] = {}

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> dict[str, object]:
        features = self.trunk(batch[0]).tanh()
        errors = [(head(features)[:, 0] - batch[0][:, i].sin()).square().mean() for i, head in enumerate(self.heads)]
        losses = {"a": errors[0], "b": 100 * errors[1]}
        self.first = self.first or {task: loss.item() for task, loss in losses.items()}
        return {"task_losses": losses, "representation": features}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.optimizer(self.parameters(), lr=1e-2)  # type: ignore[call-arg]  # Each optimizer has this argument.


@pytest.mark.parametrize(
    "make",
    [
        lambda: DBMTL(),
        lambda: NTKMTL(),
        lambda: NTKMTLSR(),
        lambda: UWSO(),
        lambda: GradNorm(2),
        lambda: LDCMTL(2),
    ],
    ids=["DBMTL", "NTKMTL", "NTKMTLSR", "UWSO", "GradNorm", "LDCMTL"],
)
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_every_method_trains_every_task(make: Callable[[], Any], optimization: Any) -> None:
    data = DataLoader(TensorDataset(torch.randn(32, 4)), batch_size=8)
    module, callback = Features(), MultiTaskCallback(make(), optimization)
    pl.Trainer(
        callbacks=callback,
        max_epochs=15,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, data)
    assert callback.last_step is not None
    for task, loss in zip(callback.tasks, callback.last_step.losses.tolist(), strict=True):
        assert loss < 0.7 * module.first[task]


def test_the_heads_of_db_mtl_follow_the_logarithm() -> None:
    module = Features(torch.optim.SGD)
    before = module.heads[0].weight.detach().clone()  # type: ignore[operator]  # It may be a tensor or a module.
    batch = torch.randn(8, 4)
    losses = module.training_step([batch], 0)["task_losses"]
    assert isinstance(losses, dict)
    expected = torch.autograd.grad(sum((loss + 1e-8).log() for loss in losses.values()), module.heads[0].weight)[0]  # type: ignore[arg-type]  # It may be a tensor or a module.
    pl.Trainer(
        callbacks=MultiTaskCallback(DBMTL()),
        max_steps=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, DataLoader(TensorDataset(batch), batch_size=8))
    torch.testing.assert_close((before - module.heads[0].weight.detach()) / 1e-2, expected, rtol=1e-3, atol=1e-4)  # type: ignore[operator]  # It may be a tensor or a module.


def run(method: torch.nn.Module, step: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(step)
    values = torch.rand(2, generator=generator) + 0.5
    if isinstance(method, DBMTL):
        method.observe_losses(values)
        found: torch.Tensor = method(torch.rand(2, 4, generator=generator))
        return found
    features = torch.ones(4, 1, requires_grad=True)
    losses = values * features.mean()
    observe(method, losses.detach(), features)
    objective: torch.Tensor = method(losses)
    (gradient,) = torch.autograd.grad(objective, features)
    if step % 3 == 2 and hasattr(method, "step"):
        method.step()  # type: ignore[operator]  # The method is of any kind; this one has it.
    return gradient


@pytest.mark.parametrize("make", [lambda: DBMTL(), lambda: GradNorm(2), lambda: LDCMTL(2), lambda: UWSO()])
@pytest.mark.parametrize("step", [0, 1, 4])
def test_resuming_at_any_step_changes_nothing(make: type, step: int) -> None:
    method, resumed = make(), make()
    for number in range(step):
        run(method, number)
    load_full_state(resumed, full_state(method))
    for number in range(step, step + 4):
        assert torch.equal(run(method, number), run(resumed, number))
