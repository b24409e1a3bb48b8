import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import MGDA, Aggregator, ConFIG, ExcessMTL, GradVac, NashMTL
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, Scalarizer, Sum

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import (
    SI,
    FixedWeights,
    GO4Align,
    GroupedAggregator,
    GroupedScalarizer,
    LinearWarmup,
    RelativeHistory,
    RobustGO4Align,
    SingleTask,
    Smoothness,
    WeightedHeads,
    WindowedDWA,
    WithFactors,
    WithLearningRate,
    WithLowerBounds,
)
from lightning_go4align.methods.learning import learned_parameters, learning_after_epoch, learning_after_step
from lightning_go4align.methods.state import full_state, load_full_state, move_state

Method = TypeVar("Method", bound=torch.nn.Module)
SCALARIZERS = {
    "Sum": Sum,
    "SI": SI,
    "FixedWeights": lambda: FixedWeights([1.0, 2.0, 3.0]),
    "SingleTask": lambda: SingleTask(1),
    "UW": lambda: UW(3),
    "IMTLL": lambda: IMTLL(3),
    "DWA": DWA,
    "WindowedDWA": lambda: WindowedDWA(window=2),
    "FAMO": lambda: FAMO(3),
    "Smoothness": lambda: Smoothness(beta=0.5),
    "GO4Align": lambda: GO4Align(2, beta=0.5),
    "GO4Align auto": lambda: GO4Align(None, beta=0.5, clustering=AutomaticKMeans()),
    "RobustGO4Align": lambda: RobustGO4Align(history=RelativeHistory()),
    "WithFactors": lambda: WithFactors(WithLowerBounds(UW(3), [-1.0, 0.0, 0.0]), [LinearWarmup(9), 0.5, 1.0]),
    "FAMO + AGRM": lambda: GroupedScalarizer(FAMO(3)),
    "UW + AGRM": lambda: GroupedScalarizer(WithLearningRate(UW(3), 0.5)),
    "DWA + AGRM": lambda: GroupedScalarizer(DWA()),
}
AGGREGATORS = {
    "MGDA": MGDA,
    "ConFIG": ConFIG,
    "GradVac": GradVac,
    "ExcessMTL": ExcessMTL,
    "NashMTL": lambda: NashMTL(n_tasks=3, update_weights_every=2),
    "NashMTL + AGRM": lambda: GroupedAggregator(WeightedHeads(NashMTL(n_tasks=3))),
    "ExcessMTL + AGRM": lambda: GroupedAggregator(ExcessMTL()),
}
scalarizers = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in SCALARIZERS.items()])
aggregators = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in AGGREGATORS.items()])
SLOW_SOLVER = pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP")


def train(method: Scalarizer, steps: Iterable[int]) -> Iterator[Tensor]:
    """Objectives of some steps, everything that the method learns included."""
    learned = learned_parameters(method)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        objective = method(torch.rand(3, generator=generator) + 0.1)
        if learned:
            gradients = torch.autograd.grad(objective, learned)
            with torch.no_grad():
                for parameter, gradient in zip(learned, gradients, strict=True):
                    parameter.sub_(0.1 * gradient)
        for taught in learning_after_step(method):
            taught.update(torch.rand(3, generator=generator) + 0.1)
        if step % 3 == 2:
            for part in learning_after_epoch(method):
                part.step()
        yield objective.detach()


def aggregate(method: Aggregator, steps: Iterable[int]) -> Iterator[Tensor]:
    for step in steps:
        torch.manual_seed(step)
        yield method(torch.randn(3, 7))


def file_of(state: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return file


def through_a_file(state: Any) -> Any:
    return torch.load(file_of(state), weights_only=True)


def resumed(method: Method, make: Callable[[], Method]) -> Method:
    fresh = make()
    load_full_state(fresh, through_a_file(full_state(method)))
    move_state(fresh, torch.device("cpu"))
    return fresh


@scalarizers
@pytest.mark.parametrize("stop", [0, 1, 2, 3, 7])
def test_resumed_scalarizer_goes_on_bit_by_bit(make: Callable[..., Any], stop: int) -> None:
    method = make()
    list(train(method, range(stop)))
    other = resumed(method, make)
    later = range(stop, stop + 8)
    assert torch.equal(torch.stack(list(train(other, later))), torch.stack(list(train(method, later))))


@SLOW_SOLVER
@aggregators
@pytest.mark.parametrize("stop", [0, 1, 4])
def test_resumed_aggregator_goes_on_bit_by_bit(make: Callable[..., Any], stop: int) -> None:
    method = make()
    list(aggregate(method, range(stop)))
    other = resumed(method, make)
    later = range(stop, stop + 5)
    assert torch.equal(torch.stack(list(aggregate(other, later))), torch.stack(list(aggregate(method, later))))


@scalarizers
def test_loading_the_state_before_the_first_step_forgets_what_came_since(make: Callable[..., Any]) -> None:
    method = make()
    start = through_a_file(full_state(method))
    first = torch.stack(list(train(method, range(7))))
    load_full_state(method, start)
    assert torch.equal(torch.stack(list(train(method, range(7)))), first)


@scalarizers
def test_saved_state_does_not_move_when_training_goes_on(make: Callable[..., Any]) -> None:
    method = make()
    list(train(method, range(4)))
    saved = full_state(method)
    before = file_of(saved).getvalue()
    list(train(method, range(4, 8)))
    assert file_of(saved).getvalue() == before


def test_state_of_another_method_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"holds the state of FAMO, but the method is GO4Align"):
        load_full_state(GO4Align(), full_state(FAMO(3)))


def test_state_of_another_method_in_groups_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="Resume with the method of the checkpoint"):
        load_full_state(GroupedScalarizer(WithLearningRate(UW(3))), full_state(GroupedScalarizer(FAMO(3))))


def test_optimizer_and_plain_attributes_move_with_the_method() -> None:
    method = FAMO(3)
    list(train(method, range(3)))
    move_state(method, torch.device("meta"))
    moments = method._optimizer.state[method._w]
    assert {method._w.device.type, method._prev_losses.device.type, moments["exp_avg"].device.type} == {"meta"}
    assert moments["step"].device.type == "cpu"  # Where torch keeps it.


def test_history_in_a_list_moves_with_the_method() -> None:
    method = DWA()
    list(train(method, range(7)))
    move_state(method, torch.device("meta"))
    assert {average.device.type for average in method._previous_averages} == {"meta"}


def test_state_that_torchjd_keeps_on_the_host_stays_there() -> None:
    method, other = GradVac(), GradVac()
    list(aggregate(method, range(2)))
    list(aggregate(other, range(2)))
    move_state(method, torch.device("meta"))
    assert torch.equal(next(aggregate(method, [2])), next(aggregate(other, [2])))


def test_settings_of_a_method_are_not_state() -> None:
    method, other = DWA(temperature=2.0), DWA(temperature=3.0)
    load_full_state(other, full_state(method))
    assert other.temperature == 3.0
