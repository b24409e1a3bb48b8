"""Parameters that are added share one gradient in torch's memory, and are clipped once each."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.aggregation import Mean
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback


class Added(Toy):
    """Task "a" has two biases that are added; its plain sibling leaves the losses' sum to Lightning."""

    def __init__(self, plain: bool = False) -> None:
        torch.manual_seed(0)
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1.0))
        self.one, self.other = nn.Parameter(torch.zeros(8)), nn.Parameter(torch.zeros(8))
        self.plain = plain

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        own = (10 * torch.arange(8.0) * (self.one + self.other)).sum()
        # The heads follow the sum of the losses; the trunk is left out of it, which the aggregators see otherwise.
        losses = {"a": own, "b": 0.0 * self.trunk(batch[0]).sum(), "c": 0.0 * self.trunk(batch[0]).sum()}
        return sum(losses.values()) if self.plain else losses


def moved(module: Added, clip: float | None, callbacks: list[Any]) -> tuple[Tensor, Tensor]:
    quiet_trainer(max_steps=1, callbacks=callbacks, gradient_clip_val=clip).fit(module, loader())
    return module.one.detach(), module.other.detach()


@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("clip", [None, 1.0])
def test_added_parameters_are_clipped_as_in_a_plain_sum(clip: float | None, optimization: Any) -> None:
    found = moved(Added(), clip, [MultiTaskCallback(Mean(), optimization)])
    expected = moved(Added(plain=True), clip, [])
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
