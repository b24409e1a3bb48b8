"""What the trainer's metrics say of a task is the same on both ranks: schedulers and callbacks of each act by it."""

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from rank_runs import gap_between_ranks, ranks, toy, train, whole
from torchjd.scalarization import Sum
from toy import TASKS, Toy

NAMES = [f"{kind}/{task}" for kind in ("loss", "weight") for task in TASKS] + ["objective"]


class OnOneRank(Toy):
    """Task ``b`` has labels on the second rank only, task ``c`` on none."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = super().training_step(batch, batch_idx)
        return {**losses, "b": losses["b"] if dist.get_rank() == 1 else None, "c": None}


class Metrics(pl.Callback):
    def __init__(self) -> None:
        self.found = torch.zeros(len(NAMES))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.found = torch.stack([trainer.callback_metrics[name].float() for name in NAMES])


def check_metrics() -> Iterator[tuple[str, float]]:
    metrics, expected = Metrics(), Metrics()
    train(toy(), Sum(), whole(), extra=[expected])
    ranks(Sum(), extra=[metrics])
    yield "metrics_ranks", gap_between_ranks(metrics.found)
    yield "metrics_joined", float(((metrics.found - expected.found) / expected.found).abs().max())
    partial = Metrics()
    ranks(Sum(), toy(OnOneRank), tasks=TASKS, ddp={"find_unused_parameters": True}, extra=[partial])
    yield "partial_metrics_ranks", gap_between_ranks(partial.found.nan_to_num(-1.0))
    yield "partial_metrics_known", float(partial.found.isfinite().sum())
