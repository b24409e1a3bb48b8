"""The robust method on a device beside NumPy, on hostile steps."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import torch

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.sharing import shrunk_to_group
from lightning_go4align.methods import robust_launch
from perf.gpu_kit.hostile import hostile
from perf.gpu_kit.pieces import Outcome, Setting

KINDS: dict[str, Callable[[], RobustGO4Align]] = {
    "K chosen": RobustGO4Align,
    "K = 3": lambda: RobustGO4Align(3),
    "alone": lambda: RobustGO4Align(clustering=ungrouped),
    "shrunk": lambda: RobustGO4Align(sharing=shrunk_to_group),
}
SIZES = (3, 11, 40, 64, 100)  # above 64 there is no launch of one kernel
NEAR = 1e-7  # of the range of the logarithms: nearer ones squares cannot tell apart, but the evidence can


def robust_equality(setting: Setting) -> Outcome:
    """Weigh the same losses in both places, step by step, each from the host's state."""
    number = 30 if setting.rehearse else 500
    total = ties = 0
    differing = dict.fromkeys(KINDS, 0)
    for name, make in KINDS.items():
        for num_tasks in SIZES:
            host, device = make(), make()
            losses = hostile(number, num_tasks, seed=num_tasks)
            found = [_step(host, device, row, setting.device) for row in losses]
            differing[name] += found.count("differs")
            ties += found.count("tied")
            total += len(found)
    says = (
        f"{sum(differing.values())} of {total} robust steps differ by more than 1e-9; {ties} near-ties were left out"
    )
    return Outcome(says, ok=not any(differing.values()), numbers={**differing, "steps": total, "ties": ties})


def _step(host: RobustGO4Align, device: RobustGO4Align, losses: torch.Tensor, place: str) -> str:
    host(losses)
    with _as_on_a_device(place):
        device(losses.to(place))
    assert host.task_weights is not None
    assert device.task_weights is not None
    equal = torch.allclose(device.task_weights.cpu(), host.task_weights, rtol=1e-9, atol=0)
    tied = not equal and nearly_tied(host)
    device.load_state_dict(host.state_dict())
    return "equal" if equal else "tied" if tied else "differs"


def _as_on_a_device(place: str) -> AbstractContextManager[Any]:
    """A rehearsal takes the way of a device without Triton."""
    if place != "cpu":
        return contextlib.nullcontext()
    return mock.patch.object(robust_launch, "is_readable", return_value=False)


def nearly_tied(method: GO4Align | RobustGO4Align) -> bool:
    """Tell whether indicators are so near that squares cannot tell whether to part them, but evidence can."""
    assert method.indicators is not None
    logs = method.indicators.double().log()
    gaps = logs[logs.isfinite()].sort().values.diff()
    gaps = gaps[gaps > 0]
    return bool((gaps < NEAR * gaps.sum()).any())
