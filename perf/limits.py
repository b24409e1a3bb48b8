"""The limits that grouping keeps, in one run: what was asked for, what was found before it, what is found now."""

import resource
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode

from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.methods import GO4Align, RobustGO4Align
from perf.clocks import medians
from perf.efficiency import kmeans_pytorch_call
from perf.overhead import many_tasks_cost, step_costs
from perf.processes import alone
from perf.tables import table

VIEWS = {
    "alias",
    "as_strided",
    "detach",
    "diagonal",
    "expand",
    "lift_fresh",
    "permute",
    "select",
    "slice",
    "split",
    "split_with_sizes",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unfold",
    "unsqueeze",
    "view",
    "_unsafe_view",
    "_reshape_alias",
}


class Line(NamedTuple):
    """A line of the table.

    Args:
        what: What is measured, and its unit.
        least: The number must be at least this one; None: at most ``most``.
        most: The largest number allowed; None: at least ``least``.
        before: What it was before there were limits.
        found: What it is.
    """

    what: str
    least: float | None
    most: float | None
    before: str
    found: float

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        return self.found >= self.least if self.least is not None else self.found <= (self.most or 0.0)


def limits(rounds: int = 9, steps: int = 200) -> Iterator[Table]:
    """Measure each limit, contenders in turn; times mean something on a quiet machine only, ratios on any.

    Args:
        rounds: How often each contender is measured.
        steps: Steps of a measurement of a fit.

    Yields:
        One table.
    """
    lines = [*_calls(rounds), *_operations(), *_many_tasks(), *_steps(rounds, steps)]
    laid_out = table("Limits", "line", "limit", "before", "now", "met")
    for line in lines:
        limit = f"at least {line.least:g}" if line.least is not None else f"at most {line.most:g}"
        laid_out.add_row(line.what, limit, line.before, f"{line.found:.4g}", "yes" if line.met else "no")
    yield laid_out


def _calls(rounds: int) -> Iterator[Line]:
    np.random.seed(0)  # noqa: NPY002  # kmeans-pytorch draws from the global generator
    small, large = (torch.rand(m, generator=torch.Generator().manual_seed(m)) for m in (11, 40))
    of_small, of_large, robust, choosing = GO4Align(5), GO4Align(5), RobustGO4Align(5), RobustGO4Align()
    alone = RobustGO4Align(clustering=ungrouped)
    contenders = {
        "small": lambda: of_small(small),
        "large": lambda: of_large(large),
        "robust": lambda: robust(small),
        "choosing": lambda: choosing(small),
        "alone": lambda: alone(small),
        "kmeans-pytorch": lambda: kmeans_pytorch_call(large, 5),
    }
    found = medians(contenders, rounds=3 * rounds, calls=20, clock=time.process_time)
    yield Line("a call on the CPU, M = 11, K = 5, µs", None, 60, "157", found["small"] * 1e6)
    yield Line("a call on the CPU, M = 40, K = 5, µs", None, 80, "-", found["large"] * 1e6)
    yield Line("kmeans-pytorch's clustering / that call", 20, None, "15", found["kmeans-pytorch"] / found["large"])
    yield Line("a robust call, M = 11, K = 5, µs", None, 200, "322", found["robust"] * 1e6)
    yield Line("a robust call, M = 11, each task alone, µs", None, 200, "420", found["alone"] * 1e6)
    yield Line("a robust call, M = 11, K chosen, µs", None, 350, "545", found["choosing"] * 1e6)


def _operations() -> Iterator[Line]:
    yield Line("operations on a device, M = 11, K = 5", None, 40, "105", count_operations(GO4Align(5), 11))
    automatic = GO4Align(None, clustering=AutomaticKMeans())
    yield Line("operations on a device, M = 11, K chosen", None, 120, "342 to 682", count_operations(automatic, 11))
    yield Line("the same, robust, K = 5", None, 40, "157", count_operations(RobustGO4Align(5), 11))
    alone = RobustGO4Align(clustering=ungrouped)
    yield Line("the same, robust, each task alone", None, 120, "215", count_operations(alone, 11))
    yield Line("the same, robust, K chosen", None, 120, "254", count_operations(RobustGO4Align(), 11))


def count_operations(method: GO4Align | RobustGO4Align, num_tasks: int) -> int:
    """Count the operations of a call on an accelerator, of which each is a launch or more; views are none.

    Args:
        method: The method.
        num_tasks: ``M``.

    Example:
        >>> count_operations(GO4Align(2), 3) <= 40
        True
    """
    losses = torch.ones(num_tasks, device="meta")
    method(losses)
    count = _Count()
    with count:
        method(losses)
    return count.number


class _Count(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.number = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += function.overloadpacket.__name__ not in VIEWS
        return function(*args, **(kwargs or {}))


def _many_tasks() -> Iterator[Line]:
    seconds, gigabytes = alone(_hundred_thousand)
    yield Line("M = 100,000, K = 5 on the CPU, s", None, 1, "24, from 2.2 at 30,000", seconds)
    yield Line("its memory, GB", None, 1, "800, from 8 at 10,000", gigabytes)
    ratio = many_tasks_cost(4000, steps=20, rounds=3).ratio
    yield Line("a step of 4,000 tasks, plain sum through the plugin / Lightning's own sum", None, 3, "10", ratio)


def _hundred_thousand() -> tuple[float, float]:
    losses, method = torch.rand(100_000, generator=torch.Generator().manual_seed(0)).exp(), GO4Align(5)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    method(losses)
    seconds = time.perf_counter() - start
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e9


def _steps(rounds: int, steps: int) -> Iterator[Line]:
    costs = step_costs(16, steps, rounds)
    for method, most, before in (("Sum", 1.08, "1.16 to 1.18"), ("GO4Align", 1.15, "1.24 to 1.29")):
        name = f"{method}, automatic"
        yield Line(f"tiny network, {name} / Lightning's own sum", None, most, before, costs[name].ratio)
        name = f"{method}, manual"
        yield Line(f"tiny network, {name} / Lightning's own sum", None, most, before, costs[name].ratio)
