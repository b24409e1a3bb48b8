"""A method under torch's transforms keeps a state of its own, that later calls and copies can read."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchjd.scalarization import DWA, FAMO, UW, GeometricMean, Sum

from lightning_go4align.methods import (
    LDCMTL,
    SI,
    UWSO,
    FixedWeights,
    GO4Align,
    GradNorm,
    GroupedScalarizer,
    LinearWarmup,
    RelativeHistory,
    RobustGO4Align,
    SingleTask,
    Smoothness,
    WindowedDWA,
    WithFactors,
    WithLowerBounds,
)

LOSSES = torch.tensor([1.0, 2.0, 8.0])
ROWS = torch.tensor([[2.0, 2.0, 4.0], [0.5, 3.0, 9.0]])
METHODS: dict[str, Callable[[], Any]] = {
    "RobustGO4Align": lambda: RobustGO4Align(history=RelativeHistory()),
    "GO4Align": lambda: GO4Align(2),
    "WindowedDWA": lambda: WindowedDWA(2),
    "Smoothness": Smoothness,
    "LDCMTL": lambda: LDCMTL(3),
    "SI": SI,
    "UWSO": UWSO,
    "FixedWeights": lambda: FixedWeights([1.0, 2.0, 3.0]),
    "SingleTask": lambda: SingleTask(1),
    "groups": lambda: GroupedScalarizer(UW(3), 2),
    "groups of a sum": lambda: GroupedScalarizer(Sum(), 2),
    "groups of DWA": lambda: GroupedScalarizer(DWA(), 2),
    "groups of FAMO": lambda: GroupedScalarizer(FAMO(3), 2),
    "groups of groups": lambda: GroupedScalarizer(GroupedScalarizer(Sum(), 2), 2),
    "factors": lambda: WithFactors(Sum(), {0: LinearWarmup(9)}),
    "bounds": lambda: WithLowerBounds(GO4Align(2), [-1.0, 0.0, 0.0]),
}
IN_INFERENCE = METHODS | {"groups of means": lambda: GroupedScalarizer(GeometricMean(), 2)}  # It reads its losses.
every_method = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in METHODS.items()])


def begun(make: Callable[[], Any]) -> Any:
    method = make()
    method(LOSSES)
    return method


@every_method
def test_vmap_weighs_rows_as_the_next_step_would_and_moves_nothing(make: Callable[[], Any]) -> None:
    method, other = begun(make), begun(make)
    alone = torch.stack([copy.deepcopy(other)(row) for row in ROWS])
    torch.testing.assert_close(torch.vmap(method)(ROWS), alone)
    assert torch.equal(copy.deepcopy(method)(LOSSES), other(LOSSES))


@every_method
def test_func_grad_moves_the_state_as_a_step_does(make: Callable[[], Any]) -> None:
    method, other = make(), begun(make)
    torch.func.grad(method)(LOSSES)
    assert torch.equal(copy.deepcopy(method)(2 * LOSSES), other(2 * LOSSES))


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in IN_INFERENCE.items()])
def test_a_step_in_inference_is_one_of_training(make: Callable[[], Any]) -> None:
    method, other = make(), begun(make)
    with torch.inference_mode():
        method(LOSSES)
    first, second = (LOSSES * 2).requires_grad_(), (LOSSES * 2).requires_grad_()
    method(first).backward()
    other(second).backward()
    assert torch.equal(first.grad, second.grad)


def test_the_initial_losses_of_grad_norm_outlive_a_transform() -> None:
    method, features = GradNorm(2), torch.ones(2, 1, requires_grad=True)
    method.observe_representation(features)
    # With one absent no representation is missed: `torch.func.grad` hides that the losses depend on one.
    torch.func.grad(method)(torch.tensor([3.0, math.nan]))
    assert copy.deepcopy(method).initial_losses.tolist() == [3.0, 0.0]
