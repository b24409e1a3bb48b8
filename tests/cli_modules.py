"""Modules, data and callbacks that command lines of the tests name."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.demos.boring_classes import BoringDataModule
from torch import Tensor
from toy import loader

from lightning_go4align import MultiTaskCallback, MultiTaskModule


class Widths(MultiTaskModule):
    """Two regressions on one trunk.

    Args:
        hidden: Width of the trunk.
    """

    def __init__(self, hidden: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.save_hyperparameters()
        self.trunk = torch.nn.Linear(4, hidden)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        squares = self.trunk(batch[0]).square().mean(0)
        return {"a": squares[0], "b": 5 + squares[1]}

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("test/zero", 0.0)

    def train_dataloader(self) -> Any:
        return loader()

    def test_dataloader(self) -> Any:
        return loader()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 1e-2)


class Plain(Widths):
    """Stands for a module of the user's."""


seen: list[Any] = []


class Look(MultiTaskCallback):
    """Remembers itself at the end of a fit."""

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        seen.append(self)


class Rates(Callback):
    """Remembers each epoch's optimizer and learning rate."""

    def __init__(self) -> None:
        self.rates: list[tuple[str, float]] = []

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.rates.append((type(trainer.optimizers[0]).__name__, trainer.optimizers[0].param_groups[0]["lr"]))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        seen.append(self.rates)


class ToyData(BoringDataModule):
    """The toy problem's rows."""

    def prepare_data(self) -> None:
        pass

    def setup(self, stage: str) -> None:
        pass

    def train_dataloader(self) -> Any:
        return loader()

    def val_dataloader(self) -> Any:
        return loader(16)
