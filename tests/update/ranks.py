"""Two processes train on halves of the batches and compare themselves with one process on the whole.

Run as a script it starts both ranks; each check prints one line, ``name value``, on rank 0.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.nn.functional import all_reduce
from torchjd.aggregation import MGDA, GradDrop, PCGrad, UPGrad
from torchjd.scalarization import FAMO, UW, GeometricMean, Random, Sum

sys.path.insert(0, str(Path(__file__).parents[1]))
from rank_collectives import check_accumulation, check_collectives, check_without_reduction
from rank_metrics import check_metrics
from rank_representation import check_representation
from rank_runs import (
    MODES,
    RANKS,
    Environment,
    gap,
    gap_between_ranks,
    one_per_head,
    ranks,
    sgd,
    toy,
    train,
    weights_gap,
    whole,
)
from rank_troubles import check_bad_loss, check_failures, check_missing
from toy import Toy

from lightning_go4align import GO4Align
from lightning_go4align.clustering import RandomGroups, RandomGroupWeights
from lightning_go4align.clustering.lloyd import Lloyd


class Sharded(Toy):
    def configure_model(self) -> None:
        assert self.device_mesh is not None
        for part in (self.trunk, *self.heads.values()):
            fully_shard(part, mesh=self.device_mesh["data_parallel"])

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.losses(batch)


def check_ddp() -> Iterator[tuple[str, float]]:
    for name, make in {"GO4Align": lambda: GO4Align(), "GeometricMean": GeometricMean}.items():
        expected, _ = train(toy(), make(), whole())
        for mode in MODES:
            found, callback = ranks(make(), optimization=mode)
            yield f"{name}_{mode}_joined", gap(found, expected)
            yield f"{name}_{mode}_weights", weights_gap(callback)
    expected, _ = train(toy(), GO4Align(), whole())
    for name, ddp in {"static": {"static_graph": True}, "unused": {"find_unused_parameters": True}}.items():
        for mode in MODES:
            yield f"{name}_{mode}_joined", gap(ranks(GO4Align(), optimization=mode, ddp=ddp)[0], expected)
    yield "heads_joined", gap(ranks(GO4Align(), toy(optimizer=one_per_head))[0], expected)
    expected, _ = train(toy(), FAMO(3), whole())
    yield "FAMO_joined", gap(ranks(FAMO(3))[0], expected)
    expected, _ = train(toy(), UW(3), whole())
    yield "UW_joined", gap(ranks(UW(3))[0], expected)


def check_aggregators() -> Iterator[tuple[str, float]]:
    for make in (MGDA, UPGrad):
        expected, _ = train(toy(), make(), whole())
        for mode in MODES:
            found, _ = ranks(make(), optimization=mode)
            yield f"{make.__name__}_{mode}_joined", gap(found, expected)
            yield f"{make.__name__}_{mode}_ranks", gap_between_ranks(found)
    expected, _ = train(toy(), UPGrad(), whole(), accumulate_grad_batches=4)
    yield "UPGrad_accumulated_joined", gap(ranks(UPGrad(), accumulate_grad_batches=4)[0], expected)


class Noisy(Toy):
    """Draws, and differently on each rank: what a method draws must not depend on it."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        torch.rand(dist.get_rank() * batch_idx)
        return self.losses(batch)


def seeded(kind: type[Toy], seed: int) -> Toy:
    module = toy(kind)
    torch.manual_seed(seed)
    return module


def check_random() -> Iterator[tuple[str, float]]:
    makes: dict[str, Callable[[], Any]] = {
        "RLW": Random,
        "PCGrad": PCGrad,
        "GradDrop": GradDrop,
        "groups": lambda: GO4Align(2, clustering=RandomGroups(RandomGroupWeights())),
        "Lloyd": lambda: GO4Align(2, clustering=Lloyd()),
    }
    for name, make in makes.items():
        expected, _ = train(seeded(Toy, 0), make(), whole())
        found, _ = ranks(make(), seeded(Noisy, dist.get_rank()))
        yield f"{name}_drawn_joined", gap(found, expected)
        yield f"{name}_drawn_ranks", gap_between_ranks(found)


class SyncedNorm(nn.BatchNorm1d):
    """BatchNorm over the batches of all ranks; torch's own ``SyncBatchNorm`` needs a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        mean = all_reduce(x.mean(0)) / RANKS
        variance = all_reduce((x - mean).square().mean(0)) / RANKS
        normalized: Tensor = (x - mean) / (variance + self.eps).sqrt()
        return normalized * self.weight + self.bias


def check_synced_norm() -> Iterator[tuple[str, float]]:
    kind = partial(Toy, normalized=True)
    for name, make, rate in (("GO4Align", lambda: GO4Align(), 1e-6), ("FAMO", lambda: FAMO(3), 1e-4)):
        optimizer = partial(sgd, rate=rate)
        expected, _ = train(toy(kind, optimizer), make(), whole())
        for mode in MODES:
            module = toy(kind, optimizer)
            module.trunk[1].__class__ = SyncedNorm
            yield f"{name}_norm_{mode}_joined", gap(ranks(make(), module, mode)[0], expected)


def check_sharded() -> Iterator[tuple[str, float]]:
    for method in (Sum, lambda: GO4Align()):
        expected, _ = train(toy(), method(), whole())
        for mode in MODES:
            strategy = ModelParallelStrategy(data_parallel_size=RANKS, tensor_parallel_size=1)
            strategy.cluster_environment = Environment()
            found, _ = ranks(method(), toy(Sharded), mode, strategy=strategy)
            yield f"sharded_{type(method()).__name__}_{mode}_joined", gap(found, expected)


CHECKS = (
    check_ddp,
    check_accumulation,
    check_collectives,
    check_missing,
    check_metrics,
    check_failures,
    check_bad_loss,
    check_aggregators,
    check_random,
    check_representation,
    check_synced_norm,
    check_sharded,
    check_without_reduction,
)


def run(rank: int, port: int) -> None:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(RANKS),
        "NODE_RANK": "0",
        "LOCAL_RANK": str(rank),
    }
    dist.init_process_group("gloo", rank=rank, world_size=RANKS)
    for check in CHECKS:
        for name, value in check():
            if rank == 0:
                print(name, value, flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.start_processes(run, (int(sys.argv[1]),), nprocs=RANKS, start_method="fork")  # type: ignore[attr-defined, no-untyped-call]  # Nothing is imported again.
