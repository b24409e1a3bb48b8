import math

import pytest
import torch

from lightning_go4align.functional.values import is_readable
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("device_path", [False, True], ids=["host", "device"])
def test_the_weight_of_a_tiny_loss_is_finite_and_its_value_the_logarithm(
    dtype: torch.dtype, device_path: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device_path:
        monkeypatch.setattr("lightning_go4align.methods.si.is_readable", lambda values: False)
    tiny = torch.finfo(dtype).tiny * torch.finfo(dtype).eps  # The smallest number there is.
    losses = torch.tensor([tiny, 1.0, 2.0], dtype=dtype, requires_grad=True)
    objective = SI()(losses)
    objective.backward()
    assert losses.grad[0] > 0.9 * torch.finfo(dtype).max
    assert losses.grad[1:].tolist() == [1.0, 0.5]
    assert losses.grad.isfinite().all()
    assert objective == losses.detach().log().sum()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_both_ways_give_the_bits_of_the_sum_of_logarithms(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = (10 ** (torch.rand(4, 50, generator=torch.Generator().manual_seed(0)) * 8 - 4)).to(dtype)
    plain = values.clone().requires_grad_()
    expected = plain.log().sum()
    expected.backward()
    for way in (is_readable, lambda values: False):
        monkeypatch.setattr("lightning_go4align.methods.si.is_readable", way)
        losses = values.clone().requires_grad_()
        objective = SI()(losses)
        objective.backward()
        assert torch.equal(objective, expected)
        assert torch.equal(losses.grad, plain.grad)
