"""What a training step costs more with the plugin."""

import gc
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import CSVLogger, Logger
from rich.table import Table
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Scalarizer, Sum

from lightning_go4align.methods import GO4Align
from lightning_go4align.update import MultiTaskCallback, Optimization
from perf.clocks import StepMonitor
from perf.networks import Balanced, OneHead, Plain, PlainOneHead
from perf.processes import alone
from perf.tables import table

WARM_UP = 20  # steps of each fit that do not count


class Cost(NamedTuple):
    """Processor time of a step, and what it is to the plain step's in the same round.

    Args:
        seconds: Of a step, the least of all rounds.
        ratio: To the plain step, the median of all rounds.
    """

    seconds: float
    ratio: float


def overhead(rounds: int = 7, steps: int = 200) -> Iterator[Table]:
    """Compare steps through the plugin with a module that sums its losses itself, and with logging.

    Args:
        rounds: How often each contender is measured, in turn.
        steps: Steps of a measurement.

    Yields:
        Tables for a tiny network and for a step of about 10 ms, and what logging adds.
    """
    for title, width in {"A tiny network": 16, "A step of about 10 ms": 1024}.items():
        costs = table(title, "step", "ms", "to plain")
        for name, cost in step_costs(width, steps, rounds).items():
            costs.add_row(name, f"{cost.seconds * 1e3:.3f}", f"{cost.ratio:.3f}")
        yield costs
    logging = table("Logging", "scalars", "ms per step, every 50 steps")
    logging.add_row("33", f"{logging_cost(steps, rounds) * 1e3:.3f}")
    yield logging


def step_costs(width: int, steps: int, rounds: int, num_tasks: int = 4) -> dict[str, Cost]:
    """Measure a plain step, and each method in manual and automatic optimization, each time in a process of its own.

    Args:
        width: Of the network, which sets what a step costs.
        steps: Number of steps of a round.
        rounds: Number of rounds.
        num_tasks: Number of tasks.

    Returns:
        Costs by the names of contenders.
    """
    modes: tuple[Optimization, ...] = ("manual", "automatic")
    measures = {"plain": partial(_plain, width, num_tasks, steps)} | {
        f"{method.__name__}, {mode}": partial(_plugin, width, num_tasks, steps, method, mode)
        for method in (Sum, GO4Align)
        for mode in modes
    }
    return compare({name: partial(alone, measure) for name, measure in measures.items()}, rounds)


def _plain(width: int, num_tasks: int, steps: int) -> float:
    return step_seconds(Plain(width, num_tasks), [], steps, None)


def _plugin(width: int, num_tasks: int, steps: int, method: type[Scalarizer], optimization: Optimization) -> float:
    callback = MultiTaskCallback(method(), optimization)
    return step_seconds(Balanced(width, num_tasks), [callback], steps, None)


def many_tasks_cost(num_tasks: int, steps: int, rounds: int) -> Cost:
    """Measure a plain sum of many tasks through the plugin beside one without it, as ``step_costs`` does.

    Args:
        num_tasks: Number of tasks, whose heads are one layer.
        steps: Number of steps of a round.
        rounds: Number of rounds.

    Returns:
        What the plugin's step costs.
    """
    measures = {name: partial(_of_many, num_tasks, steps, name == "plugin") for name in ("plain", "plugin")}
    return compare({name: partial(alone, measure) for name, measure in measures.items()}, rounds)["plugin"]


def _of_many(num_tasks: int, steps: int, is_plugin: bool) -> float:
    if is_plugin:
        return step_seconds(OneHead(16, num_tasks), [MultiTaskCallback(Sum())], steps, None)
    return step_seconds(PlainOneHead(16, num_tasks), [], steps, None)


def logging_cost(steps: int, rounds: int, num_tasks: int = 11) -> float:
    """Measure what logging costs: losses, weights and scaled losses, every 50 steps.

    Args:
        steps: Number of steps of a round.
        rounds: Number of rounds.
        num_tasks: Number of tasks.

    Returns:
        Seconds per step, averaged over the interval.
    """

    def measure(logger: Callable[[], Logger | None]) -> Callable[[], float]:
        return lambda: step_seconds(Balanced(8, num_tasks), [MultiTaskCallback(Sum())], steps, logger())

    with tempfile.TemporaryDirectory() as folder:
        costs = compare({"silent": measure(lambda: None), "logged": measure(lambda: CSVLogger(folder))}, rounds)
    return (costs["logged"].ratio - 1) * costs["silent"].seconds


def compare(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, Cost]:
    """Measure contenders in turn, so that whatever else the machine does meets all of them.

    Args:
        contenders: What measures the seconds of a step, by name; the first is what others are compared with.
        rounds: How often each is measured.

    Returns:
        Their costs, by name.

    Example:
        >>> compare({"plain": lambda: 1.0, "plugin": lambda: 1.1}, rounds=3)["plugin"]
        Cost(seconds=1.1, ratio=1.1)
    """
    seconds = [{name: measure() for name, measure in contenders.items()} for _ in range(rounds)]
    plain = next(iter(contenders))
    return {
        name: Cost(
            min(found[name] for found in seconds),
            statistics.median(found[name] / found[plain] for found in seconds),
        )
        for name in contenders
    }


def step_seconds(module: Balanced, callbacks: Sequence[pl.Callback], steps: int, logger: Logger | None) -> float:
    """Measure the processor time of a training step.

    Args:
        module: What is trained, on batches as wide as its trunk.
        callbacks: What the trainer has beside.
        steps: Number of steps after the warm-up.
        logger: Where rows go, every 50 steps.

    Returns:
        Seconds per step.
    """
    monitor = StepMonitor()
    trainer = pl.Trainer(
        callbacks=[*callbacks, monitor],
        logger=logger or False,
        max_epochs=1,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    rows = torch.randn(WARM_UP + steps, 32, module.width)
    gc.collect()  # What earlier fits have left would else be collected within a step of this one.
    trainer.fit(module, DataLoader(TensorDataset(rows), batch_size=None))
    return statistics.mean(monitor.seconds[WARM_UP - 1 :])
