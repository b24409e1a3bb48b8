"""What the first losses of a task make of its weight, before its spread is known."""

import pytest
import torch

from lightning_go4align.methods import RobustGO4Align


@pytest.mark.parametrize("num_equal", [2, 3, 4, 6])
def test_losses_that_lie_close_together_by_chance_raise_a_weight_by_a_power_of_ten_each(num_equal: int) -> None:
    method, generator = RobustGO4Align(reach=1), torch.Generator().manual_seed(0)
    losses = 1 + torch.rand(num_equal, 3, generator=generator, dtype=torch.float64)
    losses[:, 1] = 1 + 1e-9 * torch.arange(num_equal)
    for row in losses:
        method(row)
    assert method.task_weights is not None
    times = (method.task_weights[1] * losses[-1, 1]).item()
    assert 5 * 10 ** (num_equal - 2) < times < 1.5 * 10 ** (num_equal - 1)


def test_a_constant_is_seen_through_after_four_losses() -> None:
    weights = []
    for constant in (0.0, 1000.0):
        method, generator = RobustGO4Align(reach=1), torch.Generator().manual_seed(0)
        for loss in 1 + torch.rand(4, 3, generator=generator, dtype=torch.float64):
            method(loss + torch.tensor([0.0, constant, 0.0], dtype=torch.float64))
        assert method.task_weights is not None
        weights.append(method.task_weights)
    assert weights[1][1] / weights[0][1] == pytest.approx(1, rel=0.9)
