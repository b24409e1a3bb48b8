"""A constant that is added to a task's loss does not stop it: what is left of it is what a plain problem leaves."""

import pytest
import torch
from torch import Tensor, nn

from lightning_go4align import RobustGO4Align

STEPS = 700


def left(size: float, constant: float) -> Tensor:
    """Train what four tasks share on squared errors, of which one is scaled and moved; return what is left of each.

    The heads are fixed, for under Adam a head learns at any weight.
    """
    torch.manual_seed(0)
    inputs = torch.randn(512, 8)
    targets = torch.tanh(inputs @ torch.randn(8, 4) / 2)
    trunk, heads = nn.Sequential(nn.Linear(8, 64), nn.Tanh()), nn.Linear(64, 4).requires_grad_(False)
    heads.weight.mul_(3)
    method, optimizer, found = RobustGO4Align(), torch.optim.Adam(trunk.parameters(), 1e-2), []
    for _ in range(STEPS):
        rows = torch.randint(512, (32,))
        errors = (heads(trunk(inputs[rows])) - targets[rows]).square().mean(0)
        found.append(errors.detach())
        moved = torch.cat([errors[:3], size * errors[3:] + constant])
        optimizer.zero_grad()
        method(moved).backward()
        optimizer.step()
    remaining: Tensor = torch.stack(found[-16:]).mean(0) / found[0]
    return remaining


@pytest.mark.parametrize(("size", "constant"), [(1.0, 100.0), (1.0, 1000.0), (0.1, -1000.0)])
def test_no_task_is_stopped(size: float, constant: float) -> None:
    assert left(size, constant).max() < 0.01
