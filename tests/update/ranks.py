"""Two processes train on halves of the batches and compare themselves with one process on the whole.

Run as a script it starts both ranks; each check prints one line, ``name value``, on rank 0.
"""

import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.nn.functional import all_reduce
from torch.utils.data import DataLoader, SequentialSampler, Subset
from torchjd.aggregation import MGDA, GradDrop, PCGrad, UPGrad
from torchjd.scalarization import FAMO, UW, GeometricMean, Random, Sum

from lightning_go4align.update.given_method import Optimization

sys.path.insert(0, str(Path(__file__).parents[1]))
from toy import Toy, quiet_trainer, rows

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.clustering import RandomGroups, RandomGroupWeights
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.update import training_step

RANKS, BATCHES, SIZE = 2, 8, 4
MODES: tuple[Optimization, ...] = ("manual", "automatic")
COLLECTIVES = ("all_reduce", "barrier", "broadcast", "all_gather", "all_gather_object", "broadcast_object_list")


class Environment(LightningEnvironment):
    """Processes that we start ourselves."""

    @property
    def creates_processes_externally(self) -> bool:
        return True


def sgd(module: Toy, rate: float = 1e-4) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), rate)


def one_per_head(module: Toy) -> list[torch.optim.Optimizer]:
    return [torch.optim.SGD(part.parameters(), 1e-4) for part in (module.trunk, *module.heads.values())]


def whole() -> DataLoader[Any]:
    return DataLoader(rows(BATCHES * SIZE * RANKS), batch_size=SIZE * RANKS)


def half() -> DataLoader[Any]:
    rank, data = dist.get_rank(), rows(BATCHES * SIZE * RANKS)
    mine = [i for i in range(len(data)) if i // SIZE % RANKS == rank]
    return DataLoader(Subset(data, mine), batch_size=SIZE, sampler=SequentialSampler(mine))


def train(
    module: Toy, method: Any, data: Any, optimization: Optimization = "manual", **options: Any
) -> tuple[Tensor, MultiTaskCallback]:
    callback = MultiTaskCallback(method, optimization)
    trainer = quiet_trainer(callbacks=callback, max_epochs=1, **options)
    trainer.fit(module, data)
    return parameters(module), callback


def parameters(module: Toy) -> Tensor:
    full = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in module.parameters()]
    return torch.cat([parameter.detach().flatten() for parameter in full])


def toy(kind: Callable[..., Toy] = Toy, optimizer: Any = sgd) -> Toy:
    torch.manual_seed(0)
    return kind(optimizer)


def ranks(method: Any, module: Toy | None = None, optimization: Optimization = "manual", **options: Any) -> Any:
    strategy = DDPStrategy(cluster_environment=Environment(), **options.pop("ddp", {}))
    options = {"strategy": strategy, "devices": RANKS, "use_distributed_sampler": False} | options
    return train(module or toy(), method, half(), optimization, **options)


def gap(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def gap_between_ranks(values: Tensor) -> float:
    others = [torch.empty_like(values) for _ in range(RANKS)]
    dist.all_gather(others, values.contiguous())
    return max(gap(other, values) for other in others)


def weights_gap(callback: MultiTaskCallback) -> float:
    assert callback.last_step is not None
    assert callback.last_step.weights is not None
    return gap_between_ranks(callback.last_step.weights)


class Partial(Toy):
    """Rank 0 lacks task "b" in odd batches, rank 1 lacks "c" in every third and all tasks in the fifth."""

    missing: Callable[[int], set[str]]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return {task: loss for task, loss in losses.items() if task not in self.missing(batch_idx)} or None


def missing_on(rank: int, batch_idx: int) -> set[str]:
    if rank == 0:
        return {"b"} if batch_idx % 2 else set()
    if batch_idx == 5:
        return {"a", "b", "c"}
    return {"c"} if batch_idx % 3 == 0 else set()


class Joined(Toy):
    """One process that sees, for each task, the halves of the ranks that hold it."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        parts = (slice(i * SIZE, (i + 1) * SIZE) for i in range(RANKS))
        halves = [self.losses((x[part], y[part])) for part in parts]
        held = {
            task: [losses[task] for rank, losses in enumerate(halves) if task not in missing_on(rank, batch_idx)]
            for task in self.heads
        }
        return {task: torch.stack(losses).mean() if losses else None for task, losses in held.items()}


class Nothing(Toy):
    """Rank 1 returns None in the fifth batch."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return None if dist.get_rank() == 1 and batch_idx == 5 else self.losses(batch)


class Sharded(Toy):
    def configure_model(self) -> None:
        assert self.device_mesh is not None
        for part in (self.trunk, *self.heads.values()):
            fully_shard(part, mesh=self.device_mesh["data_parallel"])

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.losses(batch)


@contextmanager
def counting(calls: Counter[str]) -> Iterator[None]:
    """Count what is called in ``torch.distributed``, barriers and object collectives included."""

    def counted(name: str, function: Any, *args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(*args, **kwargs)

    originals = {name: getattr(dist, name) for name in COLLECTIVES}
    for name, function in originals.items():
        setattr(dist, name, partial(counted, name, function))
    try:
        yield
    finally:
        for name, function in originals.items():
            setattr(dist, name, function)


class Counting(Toy):
    """Counts the all-reduces of its gradients."""

    number = 0

    def on_train_start(self) -> None:
        model: Any = self.trainer.strategy.model
        model.register_comm_hook(None, self.reduce)

    def reduce(self, _: object, bucket: Any) -> Any:
        self.number += 1
        future = dist.all_reduce(bucket.buffer().div_(RANKS), async_op=True).get_future()
        return future.then(lambda done: done.value()[0])


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


def check_accumulation() -> Iterator[tuple[str, float]]:
    options: dict[str, Any] = {"accumulate_grad_batches": 4}
    expected, _ = train(toy(), GO4Align(), whole(), **options)
    for mode in MODES:
        module: Any = toy(Counting)
        found, _ = ranks(GO4Align(), module, mode, **options)
        yield f"accumulated_{mode}_joined", gap(found, expected)
        yield f"accumulated_{mode}_buckets", module.number


def check_collectives() -> Iterator[tuple[str, float]]:
    for mode in MODES:
        ours: Counter[str] = Counter()
        with counting(ours):
            ranks(GO4Align(), optimization=mode)
        plain: Counter[str] = Counter()
        with counting(plain):
            strategy = DDPStrategy(cluster_environment=Environment())
            trainer = quiet_trainer(strategy=strategy, devices=RANKS, use_distributed_sampler=False, max_epochs=1)
            trainer.fit(toy(Plain), half())
        plain["all_gather_object"] += 2  # At set-up and in the first step: whether ranks agree, or failed.
        extra = {name: ours[name] - plain[name] for name in COLLECTIVES}
        yield f"{mode}_extra_all_reduces", extra.pop("all_reduce")
        yield f"{mode}_extra_others", sum(abs(number) for number in extra.values())


class Plain(Toy):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return sum(self.losses(batch).values())


def check_missing() -> Iterator[tuple[str, float]]:
    joined = toy(Joined)
    expected, _ = train(joined, GO4Align(), whole())
    for mode in MODES:
        module: Any = toy(Partial)
        module.missing = partial(missing_on, dist.get_rank())
        found, callback = ranks(GO4Align(), module, mode, ddp={"find_unused_parameters": True})
        yield f"missing_{mode}_joined", gap(found, expected)
        yield f"missing_{mode}_weights", weights_gap(callback)
        for make in (GO4Align, UPGrad):
            found, _ = ranks(make(), toy(Nothing), mode)
            yield f"nothing_{make.__name__}_{mode}_ranks", gap_between_ranks(found)


class Infinite(Toy):
    """On rank 1 the loss of task "b" is infinite in the third step."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = super().training_step(batch, batch_idx)
        bad = dist.get_rank() == 1 and batch_idx == 2
        return losses | {"b": losses["b"] + torch.inf} if bad else losses


class FailsOnRank0(Toy):
    """Fails in its first step on one rank."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"a": 3.0} if dist.get_rank() == 0 else losses


class ManualOnRank1(Toy):
    """Cannot be set up on one rank."""

    @property
    def automatic_optimization(self) -> bool:
        return dist.get_rank() == 0

    @automatic_optimization.setter
    def automatic_optimization(self, value: bool) -> None: ...


FAILING: dict[str, tuple[Callable[[int], tuple[Any, Toy]], str]] = {
    "step": (lambda _: (GO4Align(), toy(FailsOnRank0)), "loss of task 'a' must be a tensor with its graph"),
    "setup": (lambda _: (GO4Align(), toy(ManualOnRank1)), "sets `automatic_optimization = False`"),
    "method": (lambda rank: (GO4Align(1 + rank), toy()), "(num_groups=1, beta=0.0001, reduction='sum', clustering="),
    "kind": (lambda rank: ((Sum, UPGrad)[rank](), toy()), "was given the method Sum() on rank 0, but UPGrad("),
}


def check_failures() -> Iterator[tuple[str, float]]:
    for name, (make, said) in FAILING.items():
        method, module = make(dist.get_rank())
        words = ""
        try:
            ranks(method, module)
        except (RuntimeError, TypeError, MisconfigurationException) as error:
            words = str(error)
        told: list[Any] = [None] * RANKS
        dist.all_gather_object(told, words)
        yield f"failing_{name}_told", sum(said in each for each in told)


def check_bad_loss() -> Iterator[tuple[str, float]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ranks(GO4Align(), toy(Infinite))
    told = sum("task 'b' was not finite in step 2" in str(warning.message) for warning in caught)
    yield "infinite_told", told


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


def check_without_reduction() -> Iterator[tuple[str, float]]:
    expected, _ = train(toy(), GO4Align(), whole())
    reduce, training_step.average_over_ranks = training_step.average_over_ranks, lambda *losses: losses  # type: ignore[attr-defined]
    found, callback = ranks(GO4Align())
    training_step.average_over_ranks = reduce  # type: ignore[attr-defined]
    yield "unreduced_joined", gap(found, expected)
    yield "unreduced_weights", weights_gap(callback)


CHECKS = (
    check_ddp,
    check_accumulation,
    check_collectives,
    check_missing,
    check_failures,
    check_bad_loss,
    check_aggregators,
    check_random,
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
