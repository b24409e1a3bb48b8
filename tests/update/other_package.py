"""A user of the package ``pytorch_lightning``; as a script it trains on two processes, and saves what each found."""

import os
import sys
from pathlib import Path
from typing import Any

import pytorch_lightning as other
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

sys.path.insert(0, str(Path(__file__).parents[1]))
from toy import TASKS, Batch, Toy, rows

from lightning_go4align import GO4Align, MultiTaskCallback, MultiTaskMixin


class Other(other.LightningModule):
    """The toy in a module of that package."""

    def __init__(self) -> None:
        super().__init__()
        self.toy = Toy()

    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        return self.toy.losses(batch)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("total", sum(self.toy.losses(batch).values()))

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self.validation_step(batch, batch_idx)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        features = self.toy.trunk(batch[0])
        return torch.cat([self.toy.heads[task](features) for task in TASKS], dim=1)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 1e-4)


class BalancedOther(MultiTaskMixin, Other):  # type: ignore[misc]  # it is typed for the package `lightning`
    """The same by inheritance."""


def trainer(*callbacks: Any, **options: Any) -> Any:
    quiet: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "accelerator": "cpu", "max_epochs": 2}
    return other.Trainer(**quiet | options, callbacks=list(callbacks))


def seeded(kind: Any = Other) -> Any:
    torch.manual_seed(0)
    return kind()


def batches_of(size: int) -> DataLoader[Any]:
    return DataLoader(rows(32), batch_size=size)


def parameters(module: torch.nn.Module) -> Tensor:
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach()


if __name__ == "__main__":
    rank, folder = int(os.environ.get("LOCAL_RANK", "0")), sys.argv[1]  # The package starts the second process.
    half = [row for row in range(32) if row // 4 % 2 == rank]
    options = {"strategy": "ddp", "devices": 2, "use_distributed_sampler": False, "max_epochs": 1}
    module, run = seeded(), trainer(MultiTaskCallback(GO4Align()), **options)
    run.fit(module, DataLoader(Subset(rows(32), half), batch_size=4))
    torch.save({"parameters": parameters(module), "processes": run.world_size}, f"{folder}/{rank}.pt")
