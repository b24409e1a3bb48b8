"""Steps of GO4Align, one after the other."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lightning_go4align.methods import GO4Align


def run(method: GO4Align, losses: Tensor) -> Iterator[Tensor]:
    """Weights, assignments, indicators and objectives of all steps."""
    rows = []
    for step in losses:
        objective = method(step)
        rows.append((method.task_weights, method.grouping.assignment, method.indicators, objective.double()))
    return map(torch.stack, zip(*rows, strict=True))
