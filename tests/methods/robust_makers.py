"""Kinds of RobustGO4Align, and losses for them."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import settings
from torch import Tensor

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.sharing import shrunk_to_group
from lightning_go4align.methods import Level, RelativeHistory

PROPERTY = settings(max_examples=20)
MAKERS = {
    "automatic": RobustGO4Align,
    "two groups": lambda: RobustGO4Align(2),
    "one group": lambda: RobustGO4Align(1),
    "alone": lambda: RobustGO4Align(1, ungrouped),
    "with history": lambda: RobustGO4Align(history=RelativeHistory(1.0)),
    "shrunk": lambda: RobustGO4Align(2, sharing=shrunk_to_group),
    "levels": lambda: RobustGO4Align(2, scale=Level()),
}
each_method = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in MAKERS.items()])


def history(scales: Any, seed: int = 0, steps: int = 30) -> Tensor:
    """Noisy positive losses that fall, each in its unit, shape [steps, M]."""
    random = np.random.default_rng(seed)
    rates = random.uniform(0.9, 1.0, len(scales))
    noise = random.lognormal(sigma=0.3, size=(steps, len(scales)))
    return torch.from_numpy(rates ** np.arange(steps)[:, None] * noise * scales)


def weigh(method: Any, losses: Tensor) -> Tensor:
    for step in losses:
        method(step)
    return cast(Tensor, method.task_weights)
