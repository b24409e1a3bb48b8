"""GO4Align under torch's transforms: compiled, differentiated, vectorized."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from lightning_go4align.methods import GO4Align

IN_ONE_GRAPH = pytest.mark.skipif(
    torch.__version__ < (2, 11),  # type: ignore[operator]  # torch's own kind of version compares with tuples.
    reason="earlier ones do not compile properties of named tuples without a break",
)


@pytest.mark.parametrize("fullgraph", [False, pytest.param(True, marks=IN_ONE_GRAPH)])
@pytest.mark.parametrize("make", [lambda: GO4Align(2), lambda: GO4Align(1, 0.3, "mean"), lambda: GO4Align(3, 0.5)])
def test_a_compiled_method_gives_what_the_eager_one_gives_step_by_step(
    make: Callable[..., Any], fullgraph: bool
) -> None:
    torch._dynamo.reset()
    eager, method = make(), make()
    compiled = torch.compile(method, backend="eager", fullgraph=fullgraph)
    for step in range(5):
        losses = torch.rand(5, generator=torch.Generator().manual_seed(step)) + 0.1
        torch.testing.assert_close(compiled(losses), eager(losses))  # type: ignore[no-untyped-call]  # What torch compiled has no types.
        torch.testing.assert_close(method.task_weights, eager.task_weights)
        assert torch.equal(method.grouping.assignment, eager.grouping.assignment)
    torch.testing.assert_close(method.log_smoothness, eager.log_smoothness)


def test_func_grad_gives_the_task_weights() -> None:
    losses = torch.tensor([1.0, 2.0, 8.0])
    method = GO4Align(2)
    method(losses)
    torch.testing.assert_close(torch.func.grad(GO4Align(2))(losses), method.task_weights.float())


def test_vmap_weighs_each_row_as_the_next_step_and_moves_no_state() -> None:
    rows = torch.rand(4, 3) + 0.1
    method = GO4Align(2, 0.5)
    method(torch.tensor([1.0, 2.0, 3.0]))
    before = method.log_smoothness.clone()
    found = torch.vmap(method)(rows)
    assert torch.equal(method.log_smoothness, before)
    for row, value in zip(rows, found, strict=True):
        alone = GO4Align(2, 0.5)
        alone.load_state_dict(method.state_dict())
        torch.testing.assert_close(alone(row), value)
