"""Models and fits one after the other with one callback."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchjd.aggregation import GradVac, UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Random
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import GroupedScalarizer

METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2, 1e-3),
    "FAMO": lambda: FAMO(3),
    "FAMO in groups": lambda: GroupedScalarizer(FAMO(3), 2),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "RLW": Random,
    "UPGrad": UPGrad,
    "GradVac": GradVac,
}


def sgd(module: Toy) -> torch.optim.Optimizer:
    """Has no state: a fit that goes on has a new one."""
    return torch.optim.SGD(module.parameters(), 1e-4)


def model(seed: int) -> Toy:
    torch.manual_seed(seed)
    return Toy(sgd)


def fold(callback: MultiTaskCallback, seed: int, **options: Any) -> Toy:
    module = model(seed)
    quiet_trainer(callbacks=callback, **options).fit(module, loader())
    return module


def flat(state: Any) -> list[Any]:
    """All that stands in a state, tensors as lists."""
    if isinstance(state, dict):
        return [leaf for name, part in state.items() for leaf in (name, *flat(part))]
    if isinstance(state, list | tuple):
        return [leaf for part in state for leaf in flat(part)]
    return [state.tolist() if isinstance(state, Tensor) else state]


def same(one: Toy, other: Toy) -> bool:
    return all(map(torch.equal, one.parameters(), other.parameters()))
