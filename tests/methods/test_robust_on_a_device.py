"""The robust method gives the same in host memory, on a device without Triton, and part by part."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from capturing import as_on_a_device

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.sharing import shrunk_to_group
from lightning_go4align.methods import LevelWithinSpread

HOSTILE = torch.tensor([math.nan, math.inf, -math.inf, 0.0, 1e300, -1e299, 1e-300], dtype=torch.float64)


def history(num_tasks: int, seed: int, steps: int = 10) -> torch.Tensor:
    """Losses in units of their own, some far from 0, and a tenth of them hostile."""
    generator = torch.Generator().manual_seed(seed)
    units = 10 ** (12 * torch.rand(num_tasks, dtype=torch.float64, generator=generator) - 6)
    constants = torch.tensor([0.0, 0.0, 100.0, -50.0])[torch.randint(4, (num_tasks,), generator=generator)]
    losses = units * (torch.rand(steps, num_tasks, dtype=torch.float64, generator=generator) + constants)
    hostile = HOSTILE[torch.randint(len(HOSTILE), losses.shape, generator=generator)]
    return torch.where(torch.rand(losses.shape, generator=generator) < 0.1, hostile, losses)


KINDS: dict[str, Callable[[int], RobustGO4Align]] = {
    "K chosen": lambda tasks: RobustGO4Align(),
    "K = 1": lambda tasks: RobustGO4Align(1),
    "K = 2": lambda tasks: RobustGO4Align(min(2, tasks)),
    "K = 5": lambda tasks: RobustGO4Align(min(5, tasks)),
    "alone": lambda tasks: RobustGO4Align(clustering=ungrouped),
    "shrunk": lambda tasks: RobustGO4Align(sharing=shrunk_to_group),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_tasks", [1, 2, 5, 11, 40])
def test_every_step_is_weighed_as_in_host_memory(num_tasks: int, kind: str) -> None:
    host, device = KINDS[kind](num_tasks), KINDS[kind](num_tasks)
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


@pytest.mark.parametrize("num_groups", [None, 2])
def test_within_a_reach_of_one_each_task_has_its_own_weight_and_groups_are_shown(num_groups: int | None) -> None:
    grouped, alone = RobustGO4Align(num_groups, reach=1.0), RobustGO4Align(clustering=ungrouped)
    usual, on_device = RobustGO4Align(num_groups), RobustGO4Align(num_groups, reach=1.0)
    for losses in history(11, seed=3):
        for method in (grouped, alone, usual):
            method(losses)
        with as_on_a_device():
            on_device(losses)
        for method in (grouped, on_device):
            torch.testing.assert_close(method.task_weights, alone.task_weights, rtol=1e-12, atol=0.0)
            assert method.grouping is not None
            assert usual.grouping is not None
            assert torch.equal(method.grouping.assignment, usual.grouping.assignment)


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


class OwnScale(LevelWithinSpread):
    """A part of the user's might do anything, so that the parts are called one after the other."""


@pytest.mark.parametrize(
    "settings", [{}, {"num_groups": 2}, {"clustering": ungrouped}], ids=["chosen", "two", "alone"]
)
def test_parts_that_are_called_one_by_one_give_what_they_give_at_once(settings: dict[str, Any]) -> None:
    at_once, one_by_one = RobustGO4Align(**settings), RobustGO4Align(**settings, scale=OwnScale())
    for losses in history(5, seed=2, steps=30):
        at_once(losses)
        one_by_one(losses)
        assert at_once.grouping is not None
        assert one_by_one.grouping is not None
        assert torch.equal(at_once.grouping.assignment, one_by_one.grouping.assignment)
        # Rounding: logarithms are NumPy's or torch's.
        torch.testing.assert_close(at_once.task_weights, one_by_one.task_weights, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(at_once.state_dict(), one_by_one.state_dict(), rtol=1e-6, atol=0.0, equal_nan=True)


def test_a_thousand_tasks_are_grouped_by_their_units() -> None:
    method, units = RobustGO4Align(), torch.tensor([1e-3, 1.0, 1e3], dtype=torch.float64)
    method(units.repeat(342))
    assert method.grouping is not None
    assert torch.equal(method.grouping.assignment, torch.tensor([2, 1, 0]).repeat(342))
