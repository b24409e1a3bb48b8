"""Two processes weigh by gradients in the representation, each in that of its rows, as one process on the whole."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from rank_runs import gap, gap_between_ranks, ranks, toy, train, weights_gap, whole
from torch import nn
from toy import Toy

from lightning_go4align.methods import NTKMTLSR, GradNorm


class Named(Toy):
    def task_heads(self) -> nn.Module:
        return self.heads


class OnceIdle(Named):
    """Rank 1 has no task in the fifth batch, and calls no head."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return None if dist.get_rank() == 1 and batch_idx == 5 else self.losses(batch)


def second_epoch() -> GradNorm:
    """GradNorm, whose weights are all 1 in its first epoch, after it."""
    method = GradNorm(3)
    method.initial_losses, method.counts = torch.tensor([1.0, 2.0, 3.0]), torch.ones(3)
    method.step()
    return method


def check_representation() -> Iterator[tuple[str, float]]:
    for name, make in {"NTKMTLSR": lambda: NTKMTLSR(num_chunks=1), "GradNorm": second_epoch}.items():
        expected, _ = train(toy(Named), make(), whole())
        found, callback = ranks(make(), toy(Named))
        yield f"{name}_represented_joined", gap(found, expected)
        yield f"{name}_represented_weights", weights_gap(callback)
        found, callback = ranks(make(), toy(OnceIdle))
        yield f"{name}_once_idle_ranks", gap_between_ranks(found)
        yield f"{name}_once_idle_weights", weights_gap(callback)
