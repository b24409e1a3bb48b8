"""What a method costs a step at the real size of a benchmark, beside Table 6 of the paper.

Run it as ``python -m lightning_go4align.benchmarks.step_ratio nyuv2``.
"""

import logging
import resource
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat
from multiprocessing import get_context
from statistics import median
from typing import Any, Literal

import torch
from jsonargparse import auto_cli
from lightning.pytorch import Callback, LightningModule, Trainer
from torchjd.aggregation import NashMTL
from torchjd.scalarization import FAMO, Sum
from typing_extensions import override

from lightning_go4align.benchmarks.workloads import WORKLOADS
from lightning_go4align.methods import GO4Align

Benchmark = Literal["nyuv2", "cityscapes", "celeba"]
METHODS: dict[str, Callable[[int], Any]] = {
    "LS": lambda num_tasks: Sum(),
    "GO4Align": lambda num_tasks: GO4Align(num_groups=2),
    "FAMO": FAMO,
    "NashMTL": lambda num_tasks: NashMTL(num_tasks, max_norm=1.0, update_weights_every=1, optim_niter=20),
}


class StepMonitor(Callback):
    """Time from the end of a step to the end of the next: the whole loop, but for the first step of a fit.

    On a GPU that is wall time between synchronisations, else the process's own time, which other work on the machine
    disturbs less.

    Example:
        >>> StepMonitor().seconds
        []
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last: float | None = None

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._last = None

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if pl_module.device.type == "cuda":
            torch.cuda.synchronize(pl_module.device)
        now = time.perf_counter() if pl_module.device.type == "cuda" else time.process_time()
        if self._last is not None:
            self.seconds.append(now - self._last)
        self._last = now


class StepRatio:
    """Train one module with several methods in turn and compare their steps turn by turn.

    Args:
        benchmark: Whose network and batch.
        precision: The Trainer's.

    Example:
        >>> StepRatio("celeba").workload.num_tasks
        40
    """

    def __init__(self, benchmark: Benchmark, precision: Any = "32-true") -> None:
        self.benchmark: Benchmark = benchmark
        self.precision = precision
        self.workload = WORKLOADS[benchmark]

    def seconds(self, methods: Sequence[str], rounds: int, steps: int) -> dict[str, list[float]]:
        """Median time of a step for each method in each of ``rounds`` turns of ``steps`` steps."""
        network = self.workload.module(Sum()).network
        timers = {method: StepMonitor() for method in methods}
        for turn in range(rounds):
            for method in methods if turn % 2 == 0 else reversed(methods):
                self._train(method, steps, timers[method], network=network)
        return {
            method: [median(timer.seconds[start : start + steps]) for start in range(0, rounds * steps, steps)]
            for method, timer in timers.items()
        }

    def peak_gigabytes(self, method: str, steps: int = 1) -> float:
        """Peak memory of a training: of the GPU where there is one, else of a process that does nothing else."""
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
            self._train(method, steps)
            return torch.cuda.max_memory_allocated() / 1e9
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            threads = torch.get_num_threads()
            return alone.submit(_peak_of_process, self.benchmark, self.precision, method, steps, threads).result()

    def _train(self, method: str, steps: int, *callbacks: Callback, **parts: Any) -> None:
        module = self.workload.module(METHODS[method](self.workload.num_tasks), **parts)
        trainer = Trainer(
            devices=1, precision=self.precision, max_steps=steps + 1, callbacks=list(callbacks), barebones=True
        )
        batch = self.workload.batch()
        few = {name: values[: max(1, len(values) // 64)] for name, values in batch.items()}
        trainer.fit(module, chain([few], repeat(batch, steps)))  # of the first step no time is taken


def _peak_of_process(benchmark: Benchmark, precision: str, method: str, steps: int, threads: int) -> float:
    _silence()
    torch.set_num_threads(threads)
    StepRatio(benchmark, precision)._train(method, steps)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def step_ratio(
    benchmark: Benchmark,
    methods: Sequence[str] = ("LS", "GO4Align"),
    rounds: int = 5,
    steps: int = 3,
    precision: str = "32-true",
    threads: int = 1,
) -> Iterator[str]:
    """Compare the methods' time of a step and their memory at the real size of a benchmark.

    Args:
        benchmark: Whose network and batch.
        methods: Out of LS, GO4Align, FAMO and NashMTL; times are relative to the first.
        rounds: Turns of each method.
        steps: Measured steps in each turn.
        precision: The Trainer's; ``bf16-mixed``, for instance.
        threads: On a CPU.

    Returns:
        Lines, as they become known.
    """
    torch.set_num_threads(threads)
    ratio, table_6 = StepRatio(benchmark, precision), WORKLOADS[benchmark].table_6
    seconds = ratio.seconds(methods, rounds, steps)
    yield f"{benchmark}, {precision}: {rounds} turns of {steps} steps each; the paper's epochs on an A100"
    for method, turns in seconds.items():
        time_of_step, printed = median(turns), table_6[method] / table_6[methods[0]]
        ratios = [own / other for own, other in zip(turns, seconds[methods[0]], strict=True)]
        spread = f"({min(ratios):.4f} to {max(ratios):.4f} over the turns; paper {printed:.4f})"
        yield (
            f"{method:9} {time_of_step:8.4f} s a step, {time_of_step * ratio.workload.num_steps:8.1f} s an epoch "
            f"(paper {table_6[method]:8.2f}), ratio {median(ratios):.4f} {spread}"
        )
    for method in methods:
        yield f"{method:9} peak {ratio.peak_gigabytes(method):.2f} GB"


def _silence() -> None:
    warnings.filterwarnings("ignore")  # Lightning on loaders, logging and the like
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


if __name__ == "__main__":
    _silence()
    for line in auto_cli(step_ratio, as_positional=True):
        print(line, flush=True)  # noqa: T201  # the answer of the command
