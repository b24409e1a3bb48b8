"""A step on an accelerator is one that a CUDA graph can hold, and costs few launches."""

from collections.abc import Callable

import pytest
import torch
from capturing import Tape, addresses, as_on_a_device

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.clustering import AutomaticKMeans

Make = Callable[[], GO4Align | RobustGO4Align]
METHODS: dict[str, Make] = {
    "K = 5": lambda: GO4Align(5, 0.01),
    "K chosen": lambda: GO4Align(None, 0.01, clustering=AutomaticKMeans()),
    "robust, K = 5": lambda: RobustGO4Align(5),
    "robust, K chosen": RobustGO4Align,
}
EACH = pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)


def losses_of(num_tasks: int, seed: int) -> torch.Tensor:
    return torch.rand(num_tasks, generator=torch.Generator().manual_seed(seed)).exp()


@EACH
@pytest.mark.parametrize("num_tasks", [11, 40])
def test_a_step_holds_nothing_that_a_capture_refuses_and_leaves_its_state_where_it_lies(
    make: Make, num_tasks: int
) -> None:
    method = make()
    with as_on_a_device():
        method(losses_of(num_tasks, 0))
        before = addresses(method)
        with Tape() as tape:
            method(losses_of(num_tasks, 1))
    assert (tape.refused, addresses(method)) == ([], before)


@EACH
def test_replays_of_a_captured_step_give_what_its_steps_do(make: Make) -> None:
    captured, eager = make(), make()
    losses = losses_of(11, 0).requires_grad_()
    with as_on_a_device():
        for method in (captured, eager):
            method(losses_of(11, 0))
        with Tape() as tape:
            objective = captured(losses)
            (weights,) = torch.autograd.grad(objective, losses)
        eager(losses_of(11, 0))
        for seed in range(1, 5):
            with torch.no_grad():
                losses.copy_(losses_of(11, seed))
            tape.replay()
            expected = eager(losses_of(11, seed))
            assert eager.task_weights is not None
            assert torch.equal(objective.detach(), expected)
            assert torch.equal(weights, eager.task_weights.float())
    states = eager.state_dict()
    assert all(torch.equal(state, states[name]) for name, state in captured.state_dict().items())


@EACH
def test_a_step_on_a_device_brings_nothing_from_the_host(make: Make) -> None:
    method = make()
    method(torch.ones(11, device="meta"))
    with Tape() as tape:
        method(torch.ones(11, device="meta"))
    assert tape.refused == []


def test_what_a_capture_refuses_is_found() -> None:
    values = torch.tensor([1.0, 2.0])
    with Tape() as tape:
        values.item if values[0] > 1 else None  # a host read
        values[values > 1]
        torch.tensor([3.0])
    assert set(tape.refused) == {"_local_scalar_dense", "index", "lift_fresh"}


# The limits of issue 15 for the paper's method; for the robust one what it takes today.
@pytest.mark.parametrize(
    ("name", "num_tasks", "most"),
    [
        ("K = 5", 11, 40),
        ("K = 5", 40, 40),
        ("K chosen", 11, 120),
        ("robust, K = 5", 11, 107),
        ("robust, K chosen", 11, 180),
    ],
)
def test_a_call_takes_few_launches_where_there_is_no_triton(name: str, num_tasks: int, most: int) -> None:
    method, losses = METHODS[name](), torch.ones(num_tasks, device="meta")
    method(losses)
    with Tape() as tape:
        method(losses)
    assert len(tape.launches) <= most, f"{len(tape.launches)} of at most {most}: {tape.launches}"


@pytest.mark.skipif(
    torch.__version__ < (2, 11),  # type: ignore[operator]  # torch's own kind of version compares with tuples.
    reason="earlier ones do not compile properties of named tuples without a break",
)
@pytest.mark.parametrize(
    "make", [METHODS["K chosen"], *(pytest.param(make, marks=pytest.mark.slow) for make in METHODS.values())]
)
def test_a_compiled_step_is_one_graph_that_weighs_as_the_eager_way_of_a_device_does(make: Make) -> None:
    torch._dynamo.reset()
    eager, method = make(), make()
    compiled = torch.compile(method, fullgraph=True, backend="eager")
    for seed in range(3):
        objective = compiled(losses_of(11, seed))
        with as_on_a_device():
            torch.testing.assert_close(objective, eager(losses_of(11, seed)))
        assert eager.grouping is not None
        assert method.grouping is not None
        assert torch.equal(method.grouping.assignment, eager.grouping.assignment)
    torch._dynamo.reset()
