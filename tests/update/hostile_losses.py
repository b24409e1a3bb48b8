"""A toy with one loss as bad as they come, and methods that have to bear it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Sum
from toy import Toy
from typing_extensions import override

from lightning_go4align import GO4Align
from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import SI, GroupedScalarizer

Hostile = Callable[[Tensor, int], Tensor | None]


class Bad(Toy):
    """A toy whose task "b" has a hostile loss.

    Args:
        hostile: The loss of "b" from what it would be and the number of the batch.
    """

    def __init__(self, hostile: Hostile) -> None:
        super().__init__()
        self.hostile = hostile

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"b": self.hostile(losses["b"], batch_idx)}


HOSTILE: dict[str, Hostile] = {
    "zero": lambda loss, _: loss * 0,
    "negative": lambda loss, _: -loss,
    "subnormal": lambda loss, _: loss * 0 + 1e-40,
    "1e38": lambda loss, _: loss / loss.detach() * 1e38,
    "NaN at the first step": lambda loss, i: loss + (torch.nan if i == 0 else 0),
    "NaN": lambda loss, _: loss + torch.nan,
    "NaN, as its gradient": lambda loss, _: loss * torch.nan,  # Which no weight can keep from the trunk.
    "infinite": lambda loss, _: loss + torch.inf,
    "infinite at times": lambda loss, i: loss + (torch.inf if i == 2 else 0),
    "without a graph at times": lambda loss, i: loss.detach() if i % 2 else loss,
    "dominating": lambda loss, _: loss * 1e12,
    "coming and going": lambda loss, i: None if i % 2 else loss,
    "never there": lambda *_: None,
    "a vector of one": lambda loss, _: loss.reshape(1),
    "of another precision": lambda loss, _: loss.double(),
}


METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2, 1e-2),
    "GO4Align, automatic number": lambda: GO4Align(None, 1e-2, clustering=AutomaticKMeans()),
    "SI": SI,
    "Sum": Sum,
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "AGRM of FAMO": lambda: GroupedScalarizer(FAMO(3), 2),
    "UPGrad": UPGrad,
}
