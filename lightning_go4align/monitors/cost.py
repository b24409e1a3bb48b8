"""What `GroupDynamicsMonitor` adds to a step: ``python -m lightning_go4align.monitors.cost``."""

import logging
import tempfile
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from jsonargparse import auto_cli
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from lightning_go4align.methods import GO4Align
from lightning_go4align.monitors.dynamics import GroupDynamicsMonitor
from lightning_go4align.update import MultiTaskCallback

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
        block, place = divmod(batch_idx, _BLOCK)
        watched = block % 2 == 1
        if watched:
            started = time.process_time()
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            self.hook += (block > 1) * (time.process_time() - started)
        if place == _BLOCK - 1:
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


def cost(num_tasks: int = 40, width: int = 704, pairs: int = 20) -> Cost:
    """Measure what the monitor adds to a step, watched and not watched in one run.

    Args:
        num_tasks: Number of tasks.
        width: Of the network, which sets what a step costs.
        pairs: How many blocks of 50 steps are watched, and as many are not.

    Example: ``cost(num_tasks=40).hook``
    """
    monitor = AlternatingMonitor()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            callbacks=[MultiTaskCallback(GO4Align(num_groups=min(8, num_tasks))), monitor],
            logger=CSVLogger(folder),
            max_epochs=1,
            accelerator="cpu",
            log_every_n_steps=_BLOCK,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        rows = torch.randn(2 * _BLOCK * (pairs + 1), 8, width)
        trainer.fit(_Tasks(width, num_tasks), DataLoader(TensorDataset(rows), batch_size=None))
    plain, watched = (np.array(monitor.seconds[which]) for which in (False, True))
    low, middle, high = np.quantile(watched - plain, [0.25, 0.5, 0.75])
    return Cost(float(np.median(plain)), (low, middle, high), monitor.hook / (_BLOCK * pairs))


class _Tasks(LightningModule):
    """A trunk and a head for each task."""

    def __init__(self, width: int, num_tasks: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.heads = nn.Linear(width, num_tasks)

    @override
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        errors = (self.heads(self.trunk(batch[0])) - 1).square().mean(0)
        return {f"task_{index}": error for index, error in enumerate(errors.unbind())}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())


def main(num_tasks: int = 40, width: int = 704, pairs: int = 20) -> str:
    """Say what the monitor adds to a step.

    Args:
        num_tasks: Number of tasks.
        width: Of the network, which sets what a step costs.
        pairs: How many blocks of 50 steps are watched, and as many are not.
    """
    step, (low, middle, high), hook = cost(num_tasks, width, pairs)
    return (
        f"{num_tasks} tasks, a step of {1e3 * step:.2f} ms: watched steps take {1e6 * middle:+.0f} µs, "
        f"{middle / step:+.2%} (middle half of {pairs} pairs {low / step:+.2%} to {high / step:+.2%}), "
        f"of which the monitor's hook takes {1e6 * hook:.0f} µs, {hook / step:.2%}"
    )


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # Lightning on loaders and the like
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    print(auto_cli(main))  # noqa: T201  # the answer of the command
