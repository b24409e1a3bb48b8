"""Two processes weigh by gradients in the representation, each in that of its rows, as one process on the whole."""

from collections.abc import Iterator

import torch
from rank_runs import gap, ranks, toy, train, weights_gap, whole
from torch import nn
from toy import Toy

from lightning_go4align.methods import NTKMTLSR, GradNorm


class Named(Toy):
    def task_heads(self) -> nn.Module:
        return self.heads


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
