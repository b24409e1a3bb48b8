"""The robust method's way on a device without Triton gives what its way in host memory gives."""

import math
from functools import partial

import pytest
import torch
from capturing import as_on_a_device

from lightning_go4align import RobustGO4Align

HOSTILE = torch.tensor([math.nan, math.inf, -math.inf, 0.0, 1e300, -1e299, 1e-300], dtype=torch.float64)


def history(num_tasks: int, seed: int, steps: int = 10) -> torch.Tensor:
    """Losses in units of their own, some far from 0, and a tenth of them hostile."""
    generator = torch.Generator().manual_seed(seed)
    units = 10 ** (12 * torch.rand(num_tasks, dtype=torch.float64, generator=generator) - 6)
    constants = torch.tensor([0.0, 0.0, 100.0, -50.0])[torch.randint(4, (num_tasks,), generator=generator)]
    losses = units * (torch.rand(steps, num_tasks, dtype=torch.float64, generator=generator) + constants)
    hostile = HOSTILE[torch.randint(len(HOSTILE), losses.shape, generator=generator)]
    return torch.where(torch.rand(losses.shape, generator=generator) < 0.1, hostile, losses)


@pytest.mark.parametrize("num_groups", [None, 1, 2, 5])
@pytest.mark.parametrize("num_tasks", [1, 2, 5, 11, 40])
def test_every_step_is_weighed_as_in_host_memory(num_tasks: int, num_groups: int | None) -> None:
    if num_groups is not None and num_groups > num_tasks:
        num_groups = num_tasks
    host, device = RobustGO4Align(num_groups), RobustGO4Align(num_groups)
    for losses in history(num_tasks, seed=num_tasks):
        host(losses)
        with as_on_a_device():
            device(losses)
        assert host.grouping is not None
        assert device.grouping is not None
        assert torch.equal(device.grouping.assignment, host.grouping.assignment)
        # Rounding: both ways add up the same numbers, in another order.
        close = partial(torch.testing.assert_close, rtol=1e-9, atol=0.0, equal_nan=True)
        close(device.grouping.group_weights, host.grouping.group_weights)
        close(device.task_weights, host.task_weights)
        close(device.indicators, host.indicators)


def test_either_way_goes_on_from_the_state_of_the_other() -> None:
    host, other = RobustGO4Align(), RobustGO4Align()
    steps = history(6, seed=1)
    for losses in steps[:5]:
        host(losses)
        with as_on_a_device():
            other(losses)
    for losses in steps[5:]:
        host(losses)
        other(losses)
    torch.testing.assert_close(other.task_weights, host.task_weights, rtol=1e-9, atol=0.0)
