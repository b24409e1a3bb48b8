"""After ``reset()`` a method is as new, whatever wraps it and whatever it has learned."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
import torch
from methods.eleven_tasks import METHODS, build
from torch import Tensor, nn
from torchjd import Stateful
from torchjd.aggregation import MGDA, Aggregator, ExcessMTL, NashMTL
from torchjd.scalarization import DWA, FAMO, IMTLL, UW

from lightning_go4align import clustering, methods
from lightning_go4align.clustering import AutomaticKMeans, AutomaticLogKMeans
from lightning_go4align.methods import (
    NTKMTLSR,
    GO4Align,
    GradNorm,
    GroupedAggregator,
    GroupedScalarizer,
    Level,
    LinearWarmup,
    RelativeHistory,
    RobustGO4Align,
    WeightedHeads,
    WithFactors,
    WithLearningRate,
    WithLowerBounds,
)
from lightning_go4align.methods.learning import learned_parameters, learning_after_epoch, learning_after_step
from lightning_go4align.methods.observation import observe
from lightning_go4align.methods.stateful import Resettable

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]
OF_THREE_TASKS: dict[str, Callable[[], Any]] = {
    "GradNorm": lambda: WithLearningRate(GradNorm(3)),
    "NTKMTLSR": NTKMTLSR,
    "FAMO in groups of a chosen number": lambda: GroupedScalarizer(FAMO(3), None, AutomaticKMeans()),
    "UW in groups with a rate": lambda: GroupedScalarizer(WithLearningRate(UW(3), 0.5), 2),
    "DWA in groups of groups": lambda: GroupedScalarizer(GroupedScalarizer(DWA()), None, AutomaticLogKMeans()),
    "IMTL-L under factors and bounds": lambda: WithFactors(
        WithLowerBounds(IMTLL(3), [-1.0, 0.0, 0.0]), [LinearWarmup(9), 0.5, 1.0]
    ),
    "factors around GO4Align": lambda: WithFactors(
        GO4Align(None, 0.5, clustering=AutomaticKMeans()), {0: LinearWarmup(9)}
    ),
    "bounds around a rate": lambda: WithLowerBounds(WithLearningRate(UW(3)), [-1.0, 0.0, 0.0]),
    "RobustGO4Align with a history": lambda: RobustGO4Align(history=RelativeHistory(beta=0.5)),
    "RobustGO4Align with a level": lambda: RobustGO4Align(2, scale=Level()),
    "Nash-MTL with heads in groups": lambda: GroupedAggregator(
        WeightedHeads(NashMTL(n_tasks=3, update_weights_every=2)), None, AutomaticKMeans()
    ),
    "Excess-MTL with heads": lambda: WeightedHeads(ExcessMTL(n_warmup_steps=1)),
    "Excess-MTL in groups": lambda: GroupedAggregator(ExcessMTL(n_warmup_steps=1)),
    "MGDA in groups of a chosen number": lambda: GroupedAggregator(MGDA(), None, AutomaticLogKMeans()),
}
OF_ELEVEN_TASKS: dict[str, Callable[[], Any]] = {
    name: lambda config=config: build(config)  # type: ignore[misc]  # mypy's lambdas have no default arguments
    for name, config in METHODS.items()
}
CASES = [pytest.param(make, 3, id=name) for name, make in OF_THREE_TASKS.items()] + [
    pytest.param(make, 11, id=name, marks=[pytest.mark.slow] if name.startswith("nash_mtl") else [])
    for name, make in OF_ELEVEN_TASKS.items()
]
every_method = pytest.mark.parametrize(("make", "num_tasks"), CASES)


def steps(method: Any, num_tasks: int, number: int, first: int = 0) -> Iterator[Tensor]:
    """The gradients in the shared features, everything that the method learns included."""
    heads = torch.randn(5, num_tasks, generator=torch.Generator().manual_seed(0))
    for step in range(first, first + number):
        torch.manual_seed(step)
        features = torch.randn(4, 5).requires_grad_()
        losses = (features @ heads).square().mean(0) * torch.linspace(0.1, 2, num_tasks) + 0.05
        observe(method, losses.detach(), features)
        if isinstance(method, Aggregator):
            rows = [torch.autograd.grad(loss, features, retain_graph=True)[0].flatten() for loss in losses]
            yield method(torch.stack(rows)).clone()
        else:
            learned = learned_parameters(method)
            gradient, *moves = torch.autograd.grad(method(losses), [features, *learned])
            with torch.no_grad():
                for parameter, move in zip(learned, moves, strict=True):
                    parameter.sub_(0.1 * move)
            yield gradient
        for taught in learning_after_step(method):
            taught.update(0.9 * losses.detach())
        for part in learning_after_epoch(method) if step % 2 else ():
            part.step()


@every_method
def test_next_steps_after_a_reset_are_those_of_a_new_one(make: Callable[[], Any], num_tasks: int) -> None:
    expected = torch.stack(list(steps(make(), num_tasks, 3)))
    method = make()
    list(steps(method, num_tasks, 5, first=7))
    if isinstance(method, Stateful):  # One without has nothing to forget.
        method.reset()
    assert torch.equal(torch.stack(list(steps(method, num_tasks, 3))), expected)


@every_method
def test_what_was_learned_starts_anew_in_the_parameters_that_the_optimizer_holds(
    make: Callable[[], Any], num_tasks: int
) -> None:
    method, new = make(), make()
    held = list(method.parameters())
    if isinstance(method, Stateful):
        with torch.no_grad():
            for parameter in held:
                parameter.add_(1.0)
        method.reset()
    assert [id(parameter) for parameter in method.parameters()] == [id(parameter) for parameter in held]
    assert all(map(torch.equal, held, new.parameters()))


@pytest.mark.parametrize("room", [methods, clustering])
def test_every_class_that_can_be_reset_says_so(room: Any) -> None:
    files = [import_module(f"{room.__name__}.{file.name}") for file in iter_modules(room.__path__)]
    kinds = {kind for file in files for _, kind in inspect.getmembers(file, inspect.isclass)} - {Resettable, Stateful}
    with_reset = {kind for kind in kinds if hasattr(kind, "reset")}
    assert {kind for kind in with_reset if not issubclass(kind, Stateful)} == set()
    assert len(with_reset) > 2


@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_a_clustering_that_was_reset_groups_as_a_new_one(kind: Callable[[], Any]) -> None:
    past, points = torch.rand(4, 6), torch.rand(3, 6)
    used, new = kind(), kind()
    for seen in past:
        used(seen)
    used.reset()
    for seen in points:
        assert torch.equal(used(seen).task_weights, new(seen).task_weights)
    assert torch.equal(used.criterion, new.criterion)


def test_a_part_of_ones_own_is_reset_with_the_method() -> None:
    class Counts(nn.Module):
        calls = 0

        def forward(self, points: Tensor, num_clusters: int) -> Any:
            self.calls += 1
            return clustering.kmeans_1d(points, num_clusters)

        def reset(self) -> None:
            self.calls = 0

    counting = Counts()
    method = WithFactors(GroupedScalarizer(GO4Align(2, clustering=counting), 2), [1.0, 1.0, 1.0])
    method(torch.tensor([1.0, 2.0, 3.0]))
    assert counting.calls == 1
    method.reset()
    assert counting.calls == 0
