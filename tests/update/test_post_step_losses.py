"""FAMO sees the losses of a batch once more after the step; nothing else may notice."""

import random
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import nn
from torchjd.scalarization import FAMO
from torchmetrics import MeanMetric
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.side_effects import side_effect_free

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


class Sensitive(Toy):
    """BatchNorm, dropout, random noise, a metric and what it logs would all tell of a second look."""

    def __init__(self) -> None:
        super().__init__(normalized=True, optimizer=lambda m: torch.optim.SGD(m.parameters(), 1e-3))
        self.dropout = nn.Dropout(0.5)
        self.mean = MeanMetric()
        self.seen: list[torch.Tensor] = []

    @override
    def losses(self, batch: Any) -> Any:
        mixed = np.random.rand() + random.random()  # noqa: NPY002  # as augmentations draw it
        noisy = self.dropout(batch[0] + mixed * torch.randn_like(batch[0]))
        losses = super().losses((noisy, batch[1]))
        self.mean.update(losses["a"].detach())
        self.log_dict({"a": losses["a"]}, on_epoch=True, on_step=False)
        return losses


class Second(FAMO):
    """Keeps what it is shown after the step."""

    def __init__(self) -> None:
        super().__init__(3)
        self.first: list[torch.Tensor] = []
        self.second: list[torch.Tensor] = []

    @override
    def forward(self, losses: torch.Tensor, /) -> torch.Tensor:
        self.first.append(losses.detach())
        return super().forward(losses)

    @override
    def update(self, losses: torch.Tensor, /) -> None:
        self.second.append(losses.detach())
        super().update(losses)


class Blind(FAMO):
    """Weighs as FAMO does at its first step, and never looks twice."""

    update = None  # type: ignore[assignment]  # No method: what is tested here.


def trained(method: Any, optimization: Optimization) -> tuple[Sensitive, dict[str, torch.Tensor]]:
    pl.seed_everything(0, verbose=False)
    module = Sensitive()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(method, optimization), max_epochs=1, limit_train_batches=2)
    trainer.fit(module, loader())
    return module, trainer.callback_metrics


@MODES
def test_buffers_metrics_logs_and_random_numbers_are_as_without_it(optimization: Optimization) -> None:
    module, logged = trained(FAMO(3, lr=0.0), optimization)
    drawn = torch.rand(3)
    plain, expected = trained(Blind(3), optimization)
    assert torch.equal(drawn, torch.rand(3))
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in module.state_dict().items())
    assert {key: float(value) for key, value in logged.items()} == {k: float(v) for k, v in expected.items()}
    assert module.mean.compute() == plain.mean.compute()


@MODES
def test_the_method_sees_the_same_batch_after_the_step(optimization: Optimization) -> None:
    torch.manual_seed(0)
    method, module = Second(), Toy(lambda m: torch.optim.SGD(m.parameters(), 1e-5))
    trainer = quiet_trainer(callbacks=MultiTaskCallback(method, optimization), max_epochs=1, limit_train_batches=1)
    trainer.fit(module, loader())
    batch = next(iter(loader()))
    assert torch.equal(method.second[0], torch.stack(list(module.losses(batch).values())).detach())
    assert method.second[0].sum() < method.first[0].sum()


@pytest.mark.parametrize("number", [1, 3])
@MODES
def test_it_is_taken_once_an_optimizer_step(number: int, optimization: Optimization) -> None:
    method = Second()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(method, optimization), accumulate_grad_batches=number)
    trainer.fit(Toy(), loader())
    assert len(method.second) == trainer.global_step


def fail(*_: Any) -> None:
    raise RuntimeError("in the look")


def test_it_leaves_no_trace_if_it_fails() -> None:
    module = Sensitive()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.trunk.register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="in the look"), side_effect_free(module):
        module.trunk(torch.randn(8, 4))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert "log" not in vars(module)
