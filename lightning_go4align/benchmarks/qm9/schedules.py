"""Learning-rate schedules as parts of a configuration."""

import math
from typing import Protocol

from lightning.pytorch.utilities.types import LRSchedulerConfigType
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LinearLR, ReduceLROnPlateau
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative, positive
from lightning_go4align.update.misconfiguration import MisconfigurationException


class Schedule(Protocol):
    """What a module asks of a schedule."""

    def __call__(self, optimizer: Optimizer, num_steps: float) -> list[LRSchedulerConfigType]:
        """Schedule an optimizer that will make ``num_steps`` steps, infinitely many if the run has no last one."""


class Plateau(Schedule):
    """Lower the learning rate whenever ``val/delta_m`` stops falling, as the published protocol does.

    Args:
        factor: What to multiply the rate with.
        patience: Epochs without improvement that are waited for.
        min_lr: Where to stop.
        warmup_steps: Steps in which the rate rises linearly at first; none in the published protocol.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.Adam([torch.zeros(1)], lr=1e-3)
        >>> [schedule] = Plateau()(optimizer, num_steps=1000)
        >>> schedule["monitor"]
        'val/delta_m'
    """

    def __init__(self, factor: float = 0.7, patience: int = 5, min_lr: float = 1e-5, warmup_steps: int = 0) -> None:
        self.factor = positive("factor", factor)
        self.patience = as_integer("patience", patience, least=0)
        self.min_lr = non_negative("min_lr", min_lr)
        self.warmup_steps = as_integer("warmup_steps", warmup_steps, least=0)

    @override
    def __call__(self, optimizer: Optimizer, num_steps: float) -> list[LRSchedulerConfigType]:
        plateau = ReduceLROnPlateau(optimizer, factor=self.factor, patience=self.patience, min_lr=self.min_lr)
        schedules: list[LRSchedulerConfigType] = [
            {"scheduler": plateau, "monitor": "val/delta_m", "interval": "epoch"}
        ]
        if self.warmup_steps:
            first = 1 / (self.warmup_steps + 1)
            warmup = LinearLR(optimizer, start_factor=first, total_iters=self.warmup_steps)
            schedules.append({"scheduler": warmup, "interval": "step"})
        return schedules


class WarmupCosine(Schedule):
    """Raise the learning rate linearly, then lower it along a cosine to 0 at the last step: for short budgets.

    Args:
        warmup: Share of the steps in which it rises, from 0 to 1.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.Adam([torch.zeros(1)], lr=1e-3)
        >>> _ = WarmupCosine(warmup=0.1)(optimizer, num_steps=100)
        >>> optimizer.param_groups[0]["lr"]
        0.0001
    """

    def __init__(self, warmup: float = 0.1) -> None:
        self.warmup = non_negative("warmup", warmup)

    @override
    def __call__(self, optimizer: Optimizer, num_steps: float) -> list[LRSchedulerConfigType]:
        if math.isinf(num_steps):
            raise MisconfigurationException(
                "WarmupCosine ends at the last step, but the run has none. Set `trainer.max_epochs` or "
                "`trainer.max_steps`, or take Plateau as `model.schedule`."
            )
        num_warmup = max(round(self.warmup * num_steps), 1)

        def factor(step: int) -> float:
            rest = (step - num_warmup) / max(num_steps - num_warmup, 1)
            return min((step + 1) / num_warmup, (1 + math.cos(math.pi * max(rest, 0.0))) / 2)

        return [{"scheduler": LambdaLR(optimizer, factor), "interval": "step"}]
