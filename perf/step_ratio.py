"""What a method costs a step at the real size of a benchmark, beside Table 6 of the paper."""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat
from multiprocessing import get_context
from statistics import median
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, Trainer
from rich.table import Table
from torchjd.aggregation import NashMTL
from torchjd.scalarization import FAMO, Sum

from lightning_go4align.methods import GO4Align
from perf.clocks import StepMonitor
from perf.quiet import quiet
from perf.tables import table
from perf.workloads import WORKLOADS

Benchmark = Literal["nyuv2", "cityscapes", "celeba"]
METHODS: dict[str, Callable[[int], Any]] = {
    "LS": lambda num_tasks: Sum(),
    "GO4Align": lambda num_tasks: GO4Align(num_groups=2),
    "FAMO": FAMO,
    "NashMTL": lambda num_tasks: NashMTL(num_tasks, max_norm=1.0, update_weights_every=1, optim_niter=20),
}


def step_ratio(
    benchmark: Benchmark,
    methods: Sequence[str] = ("LS", "GO4Align"),
    rounds: int = 5,
    steps: int = 3,
    precision: str = "32-true",
    threads: int = 1,
) -> Iterator[Table]:
    """Compare the methods' time of a step and their memory at the real size of a benchmark.

    Args:
        benchmark: Whose network and batch.
        methods: Out of LS, GO4Align, FAMO and NashMTL; times are relative to the first.
        rounds: Turns of each method.
        steps: Measured steps in each turn.
        precision: The Trainer's; ``bf16-mixed``, for instance.
        threads: On a CPU.

    Yields:
        A table of times, beside the paper's on an A100, and one of memory.
    """
    torch.set_num_threads(threads)
    ratio = StepRatio(benchmark, precision)
    yield ratio.times(ratio.seconds(methods, rounds, steps), f"{rounds} turns of {steps} steps")
    memory = table("Peak memory", "method", "GB")
    for method in methods:
        memory.add_row(method, f"{ratio.peak_gigabytes(method):.2f}")
    yield memory


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

    def times(self, seconds: Mapping[str, Sequence[float]], title: str) -> Table:
        """Lay out the turns of each method beside Table 6, relative to the first method."""
        columns = ("s per step", "s per epoch", "paper's", "ratio", "least", "largest", "paper's ratio")
        laid_out = table(f"{self.benchmark}, {self.precision}: {title}", "method", *columns)
        table_6, reference = self.workload.table_6, next(iter(seconds))
        for method, turns in seconds.items():
            ratios = [own / other for own, other in zip(turns, seconds[reference], strict=True)]
            epoch = median(turns) * self.workload.num_steps
            compared = (median(ratios), min(ratios), max(ratios), table_6[method] / table_6[reference])
            cells = (f"{median(turns):.4f}", f"{epoch:.1f}", f"{table_6[method]:.2f}")
            laid_out.add_row(method, *cells, *(f"{value:.4f}" for value in compared))
        return laid_out

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
    quiet(threads)
    StepRatio(benchmark, precision)._train(method, steps)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
