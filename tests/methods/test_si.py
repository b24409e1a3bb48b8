import math

import pytest
import torch

from lightning_go4align.methods import SI


def test_objective_is_the_sum_of_logarithms() -> None:
    assert SI()(torch.tensor([math.e, math.e**2])).item() == pytest.approx(3)


def test_unit_of_a_loss_does_not_change_the_gradient_of_the_model() -> None:
    parameter = torch.tensor(2.0, requires_grad=True)
    gradients = []
    for unit in (1.0, 1000.0):
        losses = torch.stack([unit * parameter**2, parameter])
        gradients.append(torch.autograd.grad(SI()(losses), parameter)[0])
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_loss_outside_the_domain_has_weight_0(value: float) -> None:
    losses = torch.tensor([2.0, value], requires_grad=True)
    SI()(losses).backward()
    assert losses.grad.tolist() == [0.5, 0.0]
