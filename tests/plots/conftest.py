from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from plots.made_up import make_run

from lightning_go4align.history import History


@pytest.fixture(scope="session")
def run() -> Callable[..., History]:
    """A function that makes a run of M tasks in K groups whose indicators wander."""
    return make_run


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
