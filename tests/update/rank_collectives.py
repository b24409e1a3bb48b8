"""How often two processes talk to each other, and that they have to."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from lightning.pytorch.strategies import DDPStrategy
from rank_runs import (
    MODES,
    RANKS,
    Environment,
    gap,
    half,
    ranks,
    toy,
    train,
    weights_gap,
    whole,
)
from toy import Toy, quiet_trainer

from lightning_go4align import GO4Align
from lightning_go4align.update import training_step

COLLECTIVES = ("all_reduce", "barrier", "broadcast", "all_gather", "all_gather_object", "broadcast_object_list")


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

    # torch refuses a hook with other annotations, and hides the bucket's class from mypy.
    def reduce(self, _: object, bucket: dist.GradBucket) -> torch.futures.Future[torch.Tensor]:  # type: ignore[name-defined]  # Hidden from mypy.
        self.number += 1
        future = dist.all_reduce(bucket.buffer().div_(RANKS), async_op=True).get_future()
        reduced: torch.futures.Future[torch.Tensor] = future.then(lambda done: done.value()[0])
        return reduced


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


def check_without_reduction() -> Iterator[tuple[str, float]]:
    expected, _ = train(toy(), GO4Align(), whole())
    reduce, training_step.average_over_ranks = training_step.average_over_ranks, lambda *losses: losses  # type: ignore[attr-defined]  # Imported there, not exported.
    found, callback = ranks(GO4Align())
    training_step.average_over_ranks = reduce  # type: ignore[attr-defined]  # Imported there, not exported.
    yield "unreduced_joined", gap(found, expected)
    yield "unreduced_weights", weights_gap(callback)
