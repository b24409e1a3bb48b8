"""What a user writes, as strictly typed as mypy can ask for: no Optional is narrowed to read weights and groups."""

import lightning.pytorch as pl
import torch
from torch import Tensor
from torchjd.aggregation import MGDA
from torchjd.scalarization import Scalarizer

from lightning_go4align import (
    CoAssignment,
    ConvergenceDifference,
    DeltaM,
    DeltaMMonitor,
    GO4Align,
    GroupDynamicsMonitor,
    GroupedAggregator,
    GroupedScalarizer,
    Grouping,
    GroupStability,
    History,
    MeanRank,
    MultiTaskCallback,
    MultiTaskMixin,
    MultiTaskModule,
    RobustGO4Align,
    StepRecord,
    WithFactors,
    kmeans_1d,
    plots,
)
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


class Own(pl.LightningModule):
    """A module from before."""


class Balanced(MultiTaskMixin, Own):
    """The same with its losses balanced."""


def scores() -> dict[str, float]:
    """Every metric of the root, as a number."""
    delta_m = DeltaM({"depth": 1.0, "normal": 2.0}, ["normal"])
    delta_m.update({"depth": 2.0, "normal": 2.0})
    changes: dict[str, Tensor] = delta_m.changes()
    ranks, convergence = MeanRank(["LS", "SI"], ["depth"]), ConvergenceDifference(["depth"], tolerance=0.1)
    ranks.update("LS", {"depth": 1.0})
    convergence.update({"depth": 1.0})
    shares, stability = CoAssignment(2), GroupStability(2)
    shares.update(torch.tensor([0, 1]))
    stability.update(torch.tensor([0, 1]))
    found: Tensor = delta_m.compute() + convergence.compute()
    moves: dict[str, Tensor] = stability.compute()
    rank: Tensor = ranks.compute()
    together: Tensor = shares.compute()
    return {"delta_m": found.item(), "moves": moves["moves"].item(), "best": (rank.min() + together.sum()).item()} | {
        task: change.item() for task, change in changes.items()
    }


def grouped(losses: Tensor) -> list[int]:
    """The groups of some losses, by hand."""
    grouping: Grouping = kmeans_1d(losses, 2)
    assignment: list[int] = grouping.assignment.tolist()
    return [*assignment, *grouping.sizes.tolist(), int(grouping.num_occupied)]


def told(record: StepRecord) -> list[str]:
    """What a step was, task by task."""
    weights = record.task_weights
    lost = record.not_finite.tolist()
    return [f"{task}: {weights[task].item():.2f} {gone}" for task, gone in zip(record.tasks, lost, strict=True)]


def pictures(history: History) -> int:
    """How many tasks the log of a run holds, drawn."""
    plots.weights(history).savefig("weights.png")
    return len(history.tasks)


def main() -> dict[str, float]:
    """Train both ways."""
    module = Rooms(GO4Align(num_groups=2))
    balance = MultiTaskCallback(GroupedScalarizer(SI(), num_groups=1), tasks=["depth", "normal"])
    monitor, watch = DeltaMMonitor({"val/depth": 1.0}, higher_is_better=["val/normal"]), GroupDynamicsMonitor()
    pl.Trainer(callbacks=[balance, Printer(balance), monitor, watch])
    for method in (WithFactors(RobustGO4Align(), {"depth": 2.0}), GroupedAggregator(MGDA(), num_groups=2)):
        Balanced(method, "automatic")
    return {task: weight.item() + module.task_weights[task].item() for task, weight in balance.task_weights.items()}
