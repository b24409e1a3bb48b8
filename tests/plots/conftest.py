from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from lightning_go4align.history import History
from lightning_go4align.monitors.recorder import Recorder


@pytest.fixture(scope="session")
def run() -> Callable[..., History]:
    """A function that makes a run of M tasks in K groups whose indicators wander."""
    return make_run


def make_run(num_tasks: int, num_groups: int, num_steps: int, epochs: int = 12, seed: int = 0) -> History:
    generator = torch.Generator().manual_seed(seed)
    wander = 0.1 * torch.randn(num_steps, num_tasks, generator=generator).cumsum(0)
    indicators = (torch.randn(num_tasks, generator=generator) + wander).exp()
    places = indicators.argsort(1).argsort(1)
    groups = places * num_groups // num_tasks
    weights = 0.5 + groups.float()
    recorder = Recorder(History.empty([f"task_{index:02d}" for index in range(num_tasks)]), capacity=512)
    recorder.extend(groups, weights, indicators, 1 / indicators)
    for epoch in range(1, epochs + 1):
        values = {f"val/delta/metric_{s}": 100 / epoch - 10 * s for s in range(num_tasks)}
        values |= {"val/delta_m": sum(values.values()) / num_tasks, "val/convergence_difference": 1.0}
        recorder.score(epoch, values, torch.arange(1, num_tasks + 1).clamp(max=epoch))
    return recorder.history.with_notes(run="made up", method="GO4Align(num_groups=2)", seconds=3.0)


def with_nan(history: History) -> History:
    """The same run with a task that is absent for a third of it and losses that are not finite."""
    losses, groups = history.losses.copy(), history.groups.copy()
    third = len(losses) // 3
    losses[:third, 0], losses[third, 1:] = np.nan, np.inf
    groups[:third, 0] = -1
    return replace(history, losses=losses, groups=groups)


RUNS = {
    "M=2": lambda: make_run(2, 2, 300),
    "M=11": lambda: make_run(11, 5, 2000),
    "M=40": lambda: make_run(40, 8, 700),
    "M=100": lambda: make_run(100, 12, 60),
    "one task": lambda: make_run(1, 1, 20),
    "one step": lambda: make_run(3, 2, 1, epochs=0),
    "one epoch": lambda: make_run(3, 2, 9, epochs=1),
    "NaN": lambda: with_nan(make_run(4, 2, 90)),
}


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.slow] if name == "M=100" else []) for name in RUNS], scope="session"
)
def history(request: pytest.FixtureRequest) -> History:
    return RUNS[request.param]()
