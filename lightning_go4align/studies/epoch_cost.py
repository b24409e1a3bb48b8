"""What an epoch costs."""

import resource
import sys
import time

import torch
from lightning import Callback, LightningModule, Trainer
from typing_extensions import override

from lightning_go4align.update.lightning_logs import log_row


class EpochCost(Callback):
    """Log what each training epoch costs, validation left out.

    ``cost/seconds``; ``cost/cpu_seconds``, on the processor's clock, which other processes do not disturb; and
    ``cost/memory``, the most that was in use so far, in MiB: of the GPU if the model is on one, else of the process.

    Example:
        >>> trainer = Trainer(callbacks=[EpochCost()], logger=False, enable_checkpointing=False, accelerator="cpu")
    """

    def __init__(self) -> None:
        self._validated = (0.0, 0.0)

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start = _clocks(pl_module)
        self._validated = (0.0, 0.0)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._validation_start = _clocks(pl_module)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        now = _clocks(pl_module)
        before = zip(self._validated, self._validation_start, now, strict=True)
        self._validated = tuple(sofar + end - start for sofar, start, end in before)  # type: ignore[assignment]  # two clocks

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        spans = zip(_clocks(pl_module), self._start, self._validated, strict=True)
        seconds, cpu_seconds = (end - start - validated for end, start, validated in spans)
        costs = {"cost/seconds": seconds, "cost/cpu_seconds": cpu_seconds, "cost/memory": _memory(pl_module)}
        log_row(trainer, costs, trainer.global_step)


def _clocks(module: LightningModule) -> tuple[float, float]:
    if module.device.type == "cuda":
        torch.cuda.synchronize(module.device)
    return time.perf_counter(), time.process_time()


def _memory(module: LightningModule) -> float:
    if module.device.type == "cuda":
        return torch.cuda.max_memory_allocated(module.device) / 2**20
    unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
