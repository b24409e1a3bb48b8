"""What a user writes, as strictly typed as mypy can ask for: no Optional is narrowed to read weights and groups."""

import lightning.pytorch as pl
import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer

from lightning_go4align import GO4Align, GroupedScalarizer, MultiTaskCallback, MultiTaskModule
from lightning_go4align.methods import SI


class Rooms(MultiTaskModule):
    """Depth and normals of a room from one layer."""

    def __init__(self, method: Scalarizer) -> None:
        super().__init__(method)
        self.layer = torch.nn.Linear(4, 2)

    def training_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        depth, normal = self.layer(batch).square().mean(0).unbind()
        return {"depth": depth, "normal": normal}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())

    def on_train_epoch_end(self) -> None:
        self.log("share", self.task_weights["depth"] / sum(self.task_weights.values(), torch.zeros(())))


class Printer(pl.Callback):
    """Prints what each task weighs at the end."""

    def __init__(self, balance: MultiTaskCallback) -> None:
        self.balance = balance

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        weights: dict[str, float] = {task: float(weight) for task, weight in self.balance.task_weights.items()}
        groups: dict[str, int] = {task: int(group) for task, group in self.balance.groups.items()}
        heaviest: str = max(weights, key=lambda task: weights[task])
        print(heaviest, weights[heaviest], groups[heaviest])
        if self.balance.last_step is not None:
            losses: Tensor = self.balance.last_step.losses
            print(losses.mean())


def main() -> dict[str, float]:
    """Train both ways."""
    module = Rooms(GO4Align(num_groups=2))
    balance = MultiTaskCallback(GroupedScalarizer(SI(), num_groups=1), tasks=["depth", "normal"])
    pl.Trainer(callbacks=[balance, Printer(balance)])
    return {task: weight.item() + module.task_weights[task].item() for task, weight in balance.task_weights.items()}
