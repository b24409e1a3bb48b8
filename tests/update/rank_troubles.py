"""What two processes make of losses that one of them lacks, of bad ones and of failures."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from lightning.fabric.utilities.exceptions import MisconfigurationException
from rank_runs import (
    MODES,
    RANKS,
    SIZE,
    gap,
    gap_between_ranks,
    ranks,
    toy,
    train,
    weights_gap,
    whole,
)
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum
from toy import Toy

from lightning_go4align import GO4Align


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
