"""Small networks of many tasks, whose width sets what a step costs."""

from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from typing_extensions import override


class Balanced(LightningModule):
    """A trunk and a head for each task; the step returns the task losses.

    Args:
        width: Of the trunk's layers.
        num_tasks: Number of tasks.
    """

    def __init__(self, width: int, num_tasks: int) -> None:
        super().__init__()
        self.width: int = width
        self.trunk = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleDict({f"task_{i}": nn.Linear(width, 1) for i in range(num_tasks)})

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        features = self.trunk(batch[0])
        return {task: (head(features) - 1).square().mean() for task, head in self.heads.items()}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())


class Plain(Balanced):
    """The same, that sums its losses itself."""

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        losses: dict[str, Tensor] = super().training_step(batch, batch_idx)
        return torch.stack(list(losses.values())).sum()


class OneHead(Balanced):
    """The same with the heads of all tasks in one layer, so that many tasks make no long step."""

    def __init__(self, width: int, num_tasks: int) -> None:
        super().__init__(width, 0)
        self.head = nn.Linear(width, num_tasks)

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        errors = (self.head(self.trunk(batch[0])) - 1).square().mean(0)
        return {f"task_{index}": error for index, error in enumerate(errors.unbind())}


class PlainOneHead(Plain, OneHead):
    """The same, that sums its losses itself."""
