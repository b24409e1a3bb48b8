"""What a training step costs more with the plugin: ``python -m lightning_go4align.studies.overhead``."""

import argparse
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import CSVLogger, Logger
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Scalarizer, Sum
from typing_extensions import override

from lightning_go4align.methods import GO4Align
from lightning_go4align.update import MultiTaskCallback, Optimization


class Balanced(pl.LightningModule):
    """A trunk and a head a task; the step returns the task losses.

    Args:
        width: Of the trunk's layers, which sets what a step costs.
        num_tasks: Number of tasks.
    """

    def __init__(self, width: int, num_tasks: int) -> None:
        super().__init__()
        self.width: int = width
        self.trunk = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.ModuleDict({f"task_{i}": nn.Linear(width, 1) for i in range(num_tasks)})

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        features = self.trunk(batch[0])
        return {task: (head(features) - 1).square().mean() for task, head in self.heads.items()}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())


class Plain(Balanced):
    """The same, that sums its losses itself."""

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        losses: dict[str, Tensor] = super().training_step(batch, batch_idx)
        return torch.stack(list(losses.values())).sum()


class Clock(pl.Callback):
    """Time the steps of a fit, without the first ones."""

    WARM_UP = 20

    def __init__(self) -> None:
        self.steps = 0

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx == self.WARM_UP:
            self.started = time.process_time()

    @override
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.seconds = (time.process_time() - self.started) / (trainer.global_step - self.WARM_UP)


class Cost(NamedTuple):
    """Processor time of a step, and what it is to the plain step's in the same round.

    Args:
        seconds: Of a step, the least of all rounds.
        ratio: To the plain step, the median of all rounds.
    """

    seconds: float
    ratio: float


def time_step(module: Balanced, callbacks: Sequence[pl.Callback], steps: int, logger: Logger | None) -> float:
    """Measure the processor time of a training step.

    Args:
        module: What is trained, on batches as wide as its trunk.
        callbacks: What the trainer has beside.
        steps: Number of steps after the warm-up.
        logger: Where rows go, every 50 steps.

    Returns:
        Seconds a step.
    """
    clock = Clock()
    number = steps + Clock.WARM_UP
    width: int = module.width
    rows = torch.randn(number, 32, width)
    trainer = pl.Trainer(
        callbacks=[*callbacks, clock],
        logger=logger or False,
        max_epochs=1,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(TensorDataset(rows), batch_size=None))
    return clock.seconds


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


def overhead(width: int, steps: int, rounds: int, num_tasks: int = 4) -> dict[str, Cost]:
    """Compare steps through the plugin with a module that sums its losses itself.

    Args:
        width: Of the network, which sets what a step costs.
        steps: Number of steps a round.
        rounds: Number of rounds.
        num_tasks: Number of tasks.

    Returns:
        Costs of the plain step, and of each method in manual and automatic optimization.
    """

    def plain() -> float:
        return time_step(Plain(width, num_tasks), [], steps, None)

    def plugin(method: type[Scalarizer], optimization: Optimization) -> Callable[[], float]:
        def measure() -> float:
            callback = MultiTaskCallback(method(), optimization)
            return time_step(Balanced(width, num_tasks), [callback], steps, None)

        return measure

    modes: tuple[Optimization, ...] = ("manual", "automatic")
    others = {f"{method.__name__}, {mode}": plugin(method, mode) for method in (Sum, GO4Align) for mode in modes}
    return compare({"plain": plain, **others}, rounds)


def logging_cost(steps: int, rounds: int, num_tasks: int = 11) -> float:
    """Measure what logging costs: losses, weights and scaled losses, every 50 steps.

    Args:
        steps: Number of steps a round.
        rounds: Number of rounds.
        num_tasks: Number of tasks.

    Returns:
        Seconds a step, averaged over the interval.
    """

    def measure(logger: Callable[[], Logger | None]) -> Callable[[], float]:
        return lambda: time_step(Balanced(8, num_tasks), [MultiTaskCallback(Sum())], steps, logger())

    with tempfile.TemporaryDirectory() as folder:
        costs = compare({"silent": measure(lambda: None), "logged": measure(lambda: CSVLogger(folder))}, rounds)
    return (costs["logged"].ratio - 1) * costs["silent"].seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the costs.

    Args:
        arguments: Of the command line; see ``--help``.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each contender is measured")
    parser.add_argument("--steps", type=int, default=200, help="steps a round")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    console = Console()
    for title, width in {"A tiny network": 16, "A step of about 10 ms": 1024}.items():
        table = Table("step", "ms", "to plain", title=title)
        for name, cost in overhead(width, options.steps, options.rounds).items():
            table.add_row(name, f"{cost.seconds * 1e3:.3f}", f"{cost.ratio:.3f}")
        console.print(table)
    console.print(f"Logging 33 scalars: {logging_cost(options.steps, options.rounds) * 1e3:.3f} ms a step")


if __name__ == "__main__":
    main()
