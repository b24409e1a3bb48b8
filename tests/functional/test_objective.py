import math

import pytest
import torch

from lightning_go4align.functional.objective import weighted_risk


def test_gradient_of_the_objective_is_the_weights() -> None:
    losses = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    weighted_risk(losses, torch.tensor([0.5, 0.25, 4.0])).backward()
    assert losses.grad.tolist() == [0.5, 0.25, 4.0]


def test_task_of_weight_0_may_be_nan() -> None:
    losses = torch.tensor([1.0, math.nan, math.inf], requires_grad=True)
    weighted_risk(losses, torch.tensor([2.0, 0.0, 0.0])).backward()
    assert losses.grad.tolist() == [2.0, 0.0, 0.0]


def test_no_gradient_flows_through_the_weights() -> None:
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    weighted_risk(losses, losses * 3).backward()
    assert losses.grad.tolist() == [3.0, 6.0]


def test_half_precision_losses_are_weighed_in_float32() -> None:
    losses = torch.tensor([1.0, 60000.0], dtype=torch.float16)
    assert weighted_risk(losses, torch.tensor([1.0, 2.0])).item() == 120001.0


@pytest.mark.parametrize("weights", [[1.0, 1 / 3], [1.0, 0.0]], ids=["all", "not all"])
def test_autocast_rounds_neither_losses_nor_weights(weights: list[float]) -> None:
    losses = torch.tensor([1 / 3, 1 / 7], requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        objective = weighted_risk(losses, torch.tensor(weights, dtype=torch.float64))
    objective.backward()
    assert losses.grad is not None
    assert torch.equal(losses.grad, torch.tensor(weights))
    assert objective.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weight_beyond_half_precision_counts_as_its_largest_number(dtype: torch.dtype) -> None:
    losses = torch.tensor([1.0, 1.0], dtype=torch.float16, requires_grad=True)
    weighted_risk(losses, torch.tensor([1.0, 1e6], dtype=dtype)).backward()
    assert losses.grad is not None
    assert losses.grad.tolist() == [1.0, 65504.0]


def test_weight_beyond_float32_counts_as_the_largest() -> None:
    losses = torch.tensor([1.0, 1e-30], requires_grad=True)
    weighted_risk(losses, torch.tensor([1.0, 1e300], dtype=torch.float64)).backward()
    assert losses.grad[1] == torch.finfo(torch.float32).max


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weights", [[-1.0, 0.5], [-1.0, 0.0]], ids=["all", "not all"])
def test_a_task_may_have_a_negative_weight(weights: list[float], dtype: torch.dtype) -> None:
    losses = torch.tensor([3.0, 4.0], requires_grad=True)
    objective = weighted_risk(losses, torch.tensor(weights, dtype=dtype))
    objective.backward()
    assert objective.item() == 3 * weights[0] + 4 * weights[1]
    assert losses.grad is not None
    assert losses.grad.tolist() == weights
