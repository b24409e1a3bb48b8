"""Methods and training for problems of a few seconds."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torchjd.scalarization import FAMO, UW, Scalarizer, Sum

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.methods import SI
from lightning_go4align.methods.learning import learning_after_step, parameter_groups

Losses = Callable[[Tensor, Tensor], Tensor]

METHODS: dict[str, Callable[[int], Scalarizer]] = {
    "plain sum": lambda tasks: Sum(),
    "UW": UW,
    "SI": lambda tasks: SI(),
    "FAMO": partial(FAMO, weight_decay=1e-3),
    "GO4Align, K = 2": lambda tasks: GO4Align(2),
    "GO4Align, K = M": lambda tasks: GO4Align(tasks),
    "robust, K chosen": lambda tasks: RobustGO4Align(),
    "robust, K = 2": lambda tasks: RobustGO4Align(2),
    "robust, K = M": lambda tasks: RobustGO4Align(1, ungrouped),
}


def fit(
    network: nn.Module,
    losses: Losses,
    data: tuple[Tensor, Tensor],
    method: Scalarizer,
    steps: int,
    learning_rate: float,
    generator: torch.Generator,
) -> None:
    """Train a network by Adam on batches of 64, with a method.

    Args:
        network: What is trained.
        losses: Task losses of features and targets, shape ``[M]``.
        data: Features and targets.
        method: The method; what it learns is stepped along.
        steps: Number of steps.
        learning_rate: Of the network.
        generator: Draws the batches.
    """
    optimizer = torch.optim.Adam(network.parameters(), learning_rate)
    for group in parameter_groups(method):
        optimizer.add_param_group(group)
    for _ in range(steps):
        batch = torch.randint(0, len(data[0]), (64,), generator=generator)
        optimizer.zero_grad()
        objective: Tensor = method(losses(data[0][batch], data[1][batch]))
        torch.autograd.backward(objective)
        optimizer.step()
        for part in learning_after_step(method):
            with torch.no_grad():
                part.update(losses(data[0][batch], data[1][batch]))
