"""What a user keeps in variables first: containers are asked for by what is read of them, so that each kind fits."""

import torch
from torch import Tensor
from torchjd.scalarization import Sum

from lightning_go4align import DeltaM, DeltaMMonitor, GroupStability, WithFactors
from lightning_go4align.benchmarks.qm9 import QM9DataModule
from lightning_go4align.methods import LinearWarmup

named: dict[str, float] = {"depth": 0.5}
numbered: dict[int, float] = {0: 0.5}
mixed: dict[str | int, float] = {"depth": 0.5, 1: 2.0}
schedules: dict[str, LinearWarmup] = {"kl": LinearWarmup(1000)}
shares: dict[str, int] = {"alpha": 1}
in_order: list[float] = [0.5, 1.0]
whole: dict[str, int] = {"val/depth": 2, "val/normal": 3}
upwards: tuple[str, ...] = ("val/normal",)
any_order: set[str] = {"val/normal"}


def use_them() -> list[object]:
    """For mypy alone, which reads what nobody runs."""
    moves: list[dict[str, Tensor]] = [GroupStability(2).compute()]
    methods = [
        WithFactors(Sum(), named),
        WithFactors(Sum(), numbered),
        WithFactors(Sum(), mixed),
        WithFactors(Sum(), schedules),
        WithFactors(Sum(), in_order),
    ]
    monitors = [DeltaMMonitor(whole, upwards), DeltaMMonitor(whole, any_order), DeltaMMonitor(whole, [*upwards])]
    delta_m = DeltaM(whole, upwards)
    delta_m.update(whole)
    delta_m.update(dict.fromkeys(whole, torch.ones(())))
    GroupStability(2).plot(moves)
    QM9DataModule(label_fraction=shares)
    return [*methods, *monitors]
