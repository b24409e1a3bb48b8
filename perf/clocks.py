"""Clocks: of functions in turn, and of the steps of a fit."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override


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


def medians(
    competitors: Mapping[str, Callable[[], object]],
    rounds: int,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Time functions in turn, so that what disturbs one disturbs all.

    Args:
        competitors: Functions by name; the first round does not count.
        rounds: How often each is timed.
        calls: Calls in a row that are timed together.
        clock: Tells the time; ``time.process_time`` that of this process, whatever else the machine does.

    Returns:
        Median times, in seconds.

    Example:
        >>> list(medians({"sum": lambda: sum(range(9))}, rounds=2))
        ['sum']
    """
    times: dict[str, list[float]] = {name: [] for name in competitors}
    for turn in range(rounds + 1):
        for name, function in competitors.items():
            start = clock()
            for _ in range(calls):
                function()
            if turn > 0:
                times[name].append((clock() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}
