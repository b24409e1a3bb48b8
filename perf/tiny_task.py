"""A training of a part of a second, for what surrounds trainings to be measured."""

import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Scalarizer, Sum
from typing_extensions import override

from lightning_go4align import MultiTaskModule


class TinyTasks(MultiTaskModule):
    """Two linear tasks; logs ``val/error``, and ``train/seconds`` of an epoch.

    Args:
        method: What balances them; their sum if None.
        learning_rate: Of Adam.
    """

    def __init__(self, method: Scalarizer | None = None, learning_rate: float = 1e-2) -> None:
        super().__init__(method or Sum())
        self.learning_rate = learning_rate
        self.network = nn.Linear(4, 2)

    @override
    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        first, second = self._errors(batch)
        return {"first": first, "second": second}

    @override
    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self.log("val/error", self._errors(batch).mean())

    @override
    def on_train_epoch_start(self) -> None:
        self._start = time.perf_counter()

    @override
    def on_train_epoch_end(self) -> None:
        self.log("train/seconds", time.perf_counter() - self._start)

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)

    @override
    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        inputs = torch.randn(256, 4, generator=torch.Generator().manual_seed(0))
        return DataLoader(TensorDataset(inputs, 3 * inputs[:, :2]), batch_size=16)

    @override
    def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return self.train_dataloader()

    def _errors(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = batch
        residuals: Tensor = self.network(inputs) - targets
        return residuals.square().mean(0)
