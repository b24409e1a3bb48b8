"""Passing a place in the code on all ranks, or on none."""

from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import torch.distributed as dist

from lightning_go4align.functional.ranks import is_distributed

T = TypeVar("T")


class Together(Generic[T]):
    """Let all ranks pass the end of a block with what each has found, or fail there together.

    A rank that failed alone would leave the others waiting at the next collective for ever. This costs a collective,
    and so is for what happens once per fit. Whatever ends the block is told, ``KeyboardInterrupt`` as well.

    Args:
        where: Where the ranks are, for errors.
        mine: What this rank has to tell; it may be set in the block.

    Attributes:
        mine: What this rank tells.
        all: What the ranks told, in their order, after the block.

    Raises:
        RuntimeError: If it failed on another rank. A rank that failed itself raises its own error.

    Example:
        >>> with Together("in its first step", mine=0) as ranks:
        ...     ranks.mine += 2
        >>> ranks.all
        [2]
    """

    def __init__(self, where: str, mine: T) -> None:
        self.mine = mine
        self.all: list[T] = []
        self._where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        if not is_distributed():
            self.all = [self.mine]
            return
        told: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(told, (self.mine, None if error is None else f"{type(error).__name__}: {error}"))
        self.all = [mine for mine, _ in told]
        failed = [(rank, words) for rank, (_, words) in enumerate(told) if words is not None]
        if failed and error is None:
            rank, words = failed[0]
            raise RuntimeError(f"Rank {rank} failed {self._where}, so rank {dist.get_rank()} ends, too: {words}")
