"""Training steps of QM9."""

from collections.abc import Callable

import lightning.pytorch as pl
import torch
from torch import nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer, Sum

from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule, QM9Module, WarmupCosine
from perf.clocks import StepMonitor


def fit_seconds(
    method: Scalarizer | Aggregator,
    data: QM9DataModule,
    steps: int,
    network: Callable[[int], nn.Module] = DenseMPNN,
) -> list[float]:
    """Time the steps of a short fit through Lightning.

    Args:
        method: What weighs the tasks.
        data: Molecules for one step more than are timed.
        steps: Number of steps to time; the first is left out.
        network: Makes the network for a number of targets.

    Returns:
        Seconds of the process, one for each step.
    """
    pl.seed_everything(0, verbose=False)
    monitor = StepMonitor()
    trainer = pl.Trainer(
        max_steps=steps + 1, callbacks=monitor, accelerator="cpu", barebones=True, limit_val_batches=0
    )
    trainer.fit(QM9Module(method, network=network, schedule=WarmupCosine()), datamodule=data)
    return monitor.seconds


def bare_step(data: QM9DataModule, network: Callable[[int], nn.Module]) -> Callable[[], object]:
    """Make a function that does one training step of a plain sum without Lightning, loading included.

    Args:
        data: Molecules for as many steps as will be done.
        network: Makes the network for a number of targets.
    """
    data.prepare_data()
    data.setup("fit")
    module, batches = QM9Module(Sum(), network=network), iter(data.train_dataloader())
    optimizer = torch.optim.Adam(module.parameters())

    def step() -> None:
        losses = module.training_step(next(batches), 0).values()
        optimizer.zero_grad()
        torch.stack([loss for loss in losses if loss is not None]).sum().backward()
        optimizer.step()

    return step
