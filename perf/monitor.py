"""What ``GroupDynamicsMonitor`` adds to a step."""

import tempfile
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from rich.table import Table
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from lightning_go4align.methods import GO4Align
from lightning_go4align.monitors.dynamics import GroupDynamicsMonitor
from lightning_go4align.update import MultiTaskCallback
from perf.networks import OneHead
from perf.tables import table

_BLOCK = 50  # the interval of logging: each block has one logging step


class AlternatingMonitor(GroupDynamicsMonitor):
    """Watch every second block of 50 steps only, and time all of them, so that one run tells the difference.

    Times are the process's own, from the end of a step to the end of the next.

    Example:
        >>> AlternatingMonitor().hook
        0.0
    """

    def __init__(self) -> None:
        super().__init__(num_pictures=0)
        self.seconds: dict[bool, list[float]] = {False: [], True: []}  # of a step: not watched, watched
        self.hook = 0.0  # seconds in the monitor's own hook, all steps together
        self._block_started = 0.0

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        block, index = divmod(batch_idx, _BLOCK)
        watched = block % 2 == 1
        if watched:
            started = time.process_time()
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            self.hook += (block > 1) * (time.process_time() - started)
        if index == _BLOCK - 1:
            now = time.process_time()
            if block > 1:  # what a first time costs is not the cost of a step
                self.seconds[watched].append((now - self._block_started) / _BLOCK)
            self._block_started = now


class Cost(NamedTuple):
    """Processor time of a step in seconds, and what the monitor adds.

    Args:
        step: A step that is not watched.
        added: Quartiles of what the monitor adds, over pairs of neighbouring blocks.
        hook: What the monitor's own hook takes.
    """

    step: float
    added: tuple[float, float, float]
    hook: float


def monitor(num_tasks: int = 40, width: int = 704, pairs: int = 20) -> Iterator[Table]:
    """Compare steps that the monitor watches with steps that it does not.

    Args:
        num_tasks: Number of tasks.
        width: Of the network, which sets what a step costs.
        pairs: How many blocks of 50 steps are watched, and as many are not.

    Yields:
        A table of times and of their shares of a step.
    """
    step, (low, middle, high), hook = monitor_cost(num_tasks, width, pairs)
    costs = table(f"{num_tasks} tasks, {pairs} pairs of 50 steps", "time", "µs", "of a step")
    named = {
        "a step that is not watched": step,
        "the monitor adds": middle,
        "first quartile": low,
        "third quartile": high,
        "its hook": hook,
    }
    for name, seconds in named.items():
        costs.add_row(name, f"{1e6 * seconds:.0f}", f"{seconds / step:.2%}")
    yield costs


def monitor_cost(num_tasks: int, width: int, pairs: int) -> Cost:
    """Measure what the monitor adds to a step, watched and not watched in one run.

    Args:
        num_tasks: Number of tasks.
        width: Of the network, which sets what a step costs.
        pairs: How many blocks of 50 steps are watched, and as many are not.

    Example: ``monitor_cost(40, width=704, pairs=20).hook``
    """
    alternating = AlternatingMonitor()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            callbacks=[MultiTaskCallback(GO4Align(num_groups=min(8, num_tasks))), alternating],
            logger=CSVLogger(folder),
            max_epochs=1,
            accelerator="cpu",
            log_every_n_steps=_BLOCK,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        rows = torch.randn(2 * _BLOCK * (pairs + 1), 8, width)
        trainer.fit(OneHead(width, num_tasks), DataLoader(TensorDataset(rows), batch_size=None))
    plain, watched = (np.array(alternating.seconds[which]) for which in (False, True))
    low, middle, high = np.quantile(watched - plain, [0.25, 0.5, 0.75])
    return Cost(float(np.median(plain)), (low, middle, high), alternating.hook / (_BLOCK * pairs))
