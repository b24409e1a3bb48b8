"""A method that is said not to draw does not; of others nothing is said."""

import pytest
import torch
from torch import Tensor, nn
from torchjd.scalarization import DWA, FAMO, IMTLL, STCH, UW, Constant, GeometricMean, Mean, Random, Sum
from typing_extensions import override

from lightning_go4align.clustering import AutomaticLogKMeans, FixedGroups, RandomGroups, RandomGroupWeights, ungrouped
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.methods import SI, GO4Align, Level, RelativeHistory, RobustGO4Align
from lightning_go4align.methods.randomness import may_draw

QUIET = [
    GO4Align(2),
    GO4Align(2, clustering=ungrouped),
    GO4Align(None, clustering=AutomaticLogKMeans()),
    RobustGO4Align(),
    RobustGO4Align(2, scale=Level(), history=RelativeHistory()),
    SI(),
    *(Sum(), Mean(), UW(3), IMTLL(3), GeometricMean(), FAMO(3), DWA(3), Constant(torch.ones(3)), STCH(3)),
]


class Noisy(SI):
    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        return super().forward(losses) * torch.rand(())


LOUD = [
    Random(),
    Noisy(),
    GO4Align(2, clustering=RandomGroups()),
    GO4Align(2, clustering=FixedGroups([0, 1, 1], RandomGroupWeights())),
    GO4Align(2, clustering=Lloyd()),  # it draws nothing, but by the generator's seed it finds other groups
    RobustGO4Align(smoothing=lambda losses: losses * torch.rand(())),  # type: ignore[arg-type]  # A function in the place of its object.
    RobustGO4Align(normalization=lambda weights, scales: weights * torch.rand(())),
]


@pytest.mark.parametrize("method", QUIET, ids=repr)
def test_a_method_that_is_said_not_to_draw_does_not(method: nn.Module) -> None:
    assert not may_draw(method)
    before = torch.get_rng_state()
    for scale in (1.0, 2.0, 3.0):
        method(torch.tensor([0.5, 1.0, 4.0], requires_grad=True) * scale)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("method", LOUD, ids=lambda method: type(method).__name__)
def test_whatever_may_draw_has_a_stream(method: nn.Module) -> None:
    assert may_draw(method)
