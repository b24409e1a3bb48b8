"""Factors that are numbers: made once, and without a step to count."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from methods.test_go4align_transforms import IN_ONE_GRAPH
from torchjd.scalarization import Sum

from lightning_go4align.methods import SI, LinearWarmup, RobustGO4Align, WithFactors

LOSSES = torch.tensor([0.5, 2.0, 40.0])


def gradient(method: Any) -> list[float]:
    losses = LOSSES.clone().requires_grad_()
    found: list[float] = torch.autograd.grad(method(losses), losses)[0].tolist()
    return found


@IN_ONE_GRAPH
@pytest.mark.parametrize("make", [Sum, SI, RobustGO4Align])
def test_one_graph_holds_for_more_steps_than_compilations_are_allowed(make: Callable[[], Any]) -> None:
    torch._dynamo.reset()
    eager, method = (WithFactors(make(), [0.5, 2.0, 1.0]) for _ in range(2))
    compiled = torch.compile(method, backend="eager", fullgraph=True)
    for _ in range(12):
        assert gradient(compiled) == pytest.approx(gradient(eager), rel=1e-5)


def test_numbers_are_made_once() -> None:
    method = WithFactors(Sum(), {1: 0.5})
    gradient(method)
    made = method.last_factors
    gradient(method)
    assert method.last_factors is made


def test_no_step_is_counted_where_no_factor_asks_for_it() -> None:
    method = WithFactors(Sum(), {1: 0.5})
    method.begin_batch(True)
    gradient(method)
    assert method.steps == 0


def test_the_count_of_an_old_checkpoint_is_read() -> None:
    method = WithFactors(Sum(), {1: 0.5})
    method.load_state_dict({"_extra_state": torch.tensor(7)})
    assert method.steps == 7
    assert gradient(method) == [1.0, 0.5, 1.0]


def test_a_factor_that_is_changed_between_steps_counts() -> None:
    method = WithFactors(Sum(), {1: 0.5, 2: LinearWarmup(4)})
    gradient(method)
    method.factors[1] = 3.0
    assert gradient(method) == [1.0, 3.0, 0.25]


def test_tasks_of_other_names_have_their_own_factors() -> None:
    method = WithFactors(Sum(), {"depth": 0.5})
    method.name_tasks(["depth", "normals", "edges"])
    gradient(method)
    method.name_tasks(["edges", "normals", "depth"])
    assert gradient(method) == [1.0, 1.0, 0.5]


def test_other_tasks_have_their_own_number() -> None:
    method = WithFactors(Sum(), {1: 0.5})
    gradient(method)
    losses = torch.ones(2, requires_grad=True)
    method(losses).backward()
    assert losses.grad.tolist() == [1.0, 0.5]


def test_numbers_keep_their_width_in_a_method_that_is_cast() -> None:
    method = WithFactors(Sum(), {1: 0.1})
    gradient(method)
    assert gradient(method.half().float()) == gradient(WithFactors(Sum(), {1: 0.1}))


def test_numbers_of_inference_are_those_of_training() -> None:
    method = WithFactors(Sum(), {1: 0.5, 2: LinearWarmup(2)})
    with torch.inference_mode():
        method(LOSSES)
    assert gradient(method) == [1.0, 0.5, 0.5]
