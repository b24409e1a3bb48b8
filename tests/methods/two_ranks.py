"""Two processes train with one method after the other, each on its half of the batches and with its own seed.

Run as a script it starts both ranks; for each method rank 0 prints a line of JSON.
"""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy
from methods.eleven_tasks import METHODS, ElevenTasks, batches, build, parameters
from torch import Tensor
from torch.utils.data import DataLoader
from torchjd.aggregation import PCGrad
from torchjd.scalarization import DWA, UW

from lightning_go4align import MultiTaskCallback
from lightning_go4align.clustering import FixedGroups, FixedGroupWeights, RandomGroups, RandomGroupWeights
from lightning_go4align.methods import (
    FixedWeights,
    GO4Align,
    GroupedAggregator,
    GroupedScalarizer,
    RelativeHistory,
    RobustGO4Align,
    WindowedDWA,
    WithFactors,
    WithLearningRate,
)

RANKS = 2
WITHOUT_FILE = {
    "fixed weights": lambda: FixedWeights(range(11)),
    "fixed groups": lambda: GO4Align(2, clustering=FixedGroups([0, 1] * 5 + [0])),
    "fixed group weights": lambda: GO4Align(2, clustering=RandomGroups(FixedGroupWeights([0.6, 0.2]))),
    "random group weights": lambda: GO4Align(2, clustering=RandomGroups(RandomGroupWeights())),
    "DWA of a step's window": lambda: WindowedDWA(window=1),
    "robust with factors": lambda: WithFactors(RobustGO4Align(history=RelativeHistory()), [0.5, 2.0]),
    "DWA + AGRM": lambda: GroupedScalarizer(DWA(), num_groups=2),
    "UW + AGRM": lambda: GroupedScalarizer(WithLearningRate(UW(11), 0.1), num_groups=2),
    "PCGrad + AGRM": lambda: GroupedAggregator(PCGrad(), num_groups=2),
}


class Environment(LightningEnvironment):
    """Processes that we start ourselves."""

    @property
    def creates_processes_externally(self) -> bool:
        return True


def methods() -> Iterator[tuple[str, Callable[[], Any]]]:
    yield from ((name, lambda config=config: build(config)) for name, config in METHODS.items())
    yield from WITHOUT_FILE.items()


def spare(method: Any) -> Any:
    """Let Nash-MTL solve two problems in a run, not twenty a step: they take a tenth of a second each."""
    for part in method.modules():
        if hasattr(part, "update_weights_every"):
            part.update_weights_every, part.optim_niter = 3, 2
    return method


def train(method: Any, rank: int) -> tuple[Tensor, Tensor, Tensor | None]:
    torch.manual_seed(0)
    module, callback = ElevenTasks(), MultiTaskCallback(method)
    strategy = DDPStrategy(cluster_environment=Environment())
    trainer = pl.Trainer(
        accelerator="cpu",
        strategy=strategy,
        devices=RANKS,
        use_distributed_sampler=False,
        max_epochs=3,
        barebones=True,
        callbacks=callback,
    )
    before = parameters(module)
    torch.manual_seed(rank)  # As after an augmentation that draws more often on one rank.
    trainer.fit(module, DataLoader([batch[rank::RANKS] for batch in batches(1)], batch_size=None))  # type: ignore[arg-type]  # A tensor is a map of its rows.
    return before, parameters(module), callback.last_step.weights


def gap_between_ranks(values: Tensor) -> float:
    others = [torch.empty_like(values) for _ in range(RANKS)]
    dist.all_gather(others, values.contiguous())
    return float((others[0] - others[1]).abs().max())


def run(rank: int, port: str) -> None:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": str(RANKS),
        "NODE_RANK": "0",
        "LOCAL_RANK": str(rank),
    }
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    for name, make in methods():
        before, after, weights = train(spare(make()), rank)
        found = {
            "method": name,
            "moved": float((after - before).abs().max()),
            "parameters": gap_between_ranks(after),
            "weights": None if weights is None else gap_between_ranks(weights),
        }
        if rank == 0:
            print(json.dumps(found), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.start_processes(run, (sys.argv[1],), nprocs=RANKS, start_method="fork")  # type: ignore[attr-defined, no-untyped-call]  # They share the imports.
