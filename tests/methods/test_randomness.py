"""A method that is said not to draw does not; of others nothing is said."""

import random
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.scalarization import DWA, FAMO, IMTLL, STCH, UW, Constant, GeometricMean, Mean, Random, Scalarizer, Sum
from typing_extensions import override

from lightning_go4align import clustering, methods
from lightning_go4align.clustering import AutomaticLogKMeans, FixedGroups, RandomGroups, RandomGroupWeights, ungrouped
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.methods import SI, GO4Align, Level, RelativeHistory, RobustGO4Align
from lightning_go4align.methods.randomness import may_draw

OWN: dict[str, Any] = {
    "LDCMTL": lambda: methods.LDCMTL(3),
    "SI": SI,
    "UWSO": methods.UWSO,
    "FixedWeights": lambda: methods.FixedWeights([1.0, 2.0, 3.0]),
    "GO4Align": GO4Align,
    "GroupedScalarizer": lambda: methods.GroupedScalarizer(UW(3)),
    "RobustGO4Align": RobustGO4Align,
    "SingleTask": lambda: methods.SingleTask(0),
    "Smoothness": methods.Smoothness,
    "WindowedDWA": methods.WindowedDWA,
    "WithFactors": lambda: methods.WithFactors(SI(), [1.0, methods.LinearWarmup(5), 2.0]),
    "WithLearningRate": lambda: methods.WithLearningRate(UW(3)),
    "WithLowerBounds": lambda: methods.WithLowerBounds(UW(3), [-1.0, 0.0, 0.0]),
}
WITH_REPRESENTATION: dict[str, Any] = {"GradNorm": lambda: methods.GradNorm(3), "NTKMTLSR": methods.NTKMTLSR}
QUIET = [
    *(make() for make in OWN.values()),
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
    methods.WithFactors(SI(), [1.0, lambda step: random.random(), 2.0]),
    methods.GroupedScalarizer(Random()),
]


@pytest.mark.parametrize("method", QUIET, ids=repr)
def test_a_method_that_is_said_not_to_draw_does_not(method: nn.Module) -> None:
    assert not may_draw(method)
    first, second = deepcopy(method), deepcopy(method)
    assert found_with(first, seed=0) == found_with(second, seed=1)


def found_with(method: nn.Module, seed: int) -> list[float]:
    """What it makes of three steps; no generator moves."""
    torch.manual_seed(seed)
    before = torch.get_rng_state()
    losses = torch.tensor([0.5, 1.0, 4.0], requires_grad=True)
    objectives = [method(losses * scale).item() for scale in (1.0, 2.0, 3.0)]
    assert torch.equal(torch.get_rng_state(), before)
    return objectives


def test_every_scalarizer_of_the_package_is_known_not_to_draw() -> None:
    public = [getattr(methods, name) for name in methods.__all__]
    scalarizers = {kind.__name__ for kind in public if isinstance(kind, type) and issubclass(kind, Scalarizer)}
    assert scalarizers == OWN.keys() | WITH_REPRESENTATION.keys()
    assert not any(may_draw(make()) for make in WITH_REPRESENTATION.values())


@pytest.mark.parametrize("name", clustering.__all__)
def test_a_clustering_of_the_package_draws_if_its_name_says_so(name: str) -> None:
    made: Any = getattr(clustering, name)
    if name.endswith("GroupWeights"):
        made = FixedGroups([0, 1, 1], made() if name.startswith("Random") else made([0.6, 0.2]))
    elif name[0].isupper():
        made = made([0, 1, 1]) if name == "FixedGroups" else made()
    number = None if name.startswith("Automatic") else 2
    assert may_draw(GO4Align(number, clustering=made)) == name.startswith("Random")


@pytest.mark.parametrize("method", LOUD, ids=lambda method: type(method).__name__)
def test_whatever_may_draw_has_a_stream(method: nn.Module) -> None:
    assert may_draw(method)
