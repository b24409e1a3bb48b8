"""A pool of processes that tells the first error at once, and what bounds a check's time."""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.pool import Pool
from types import FrameType
from typing import Any


class ImpatientPool:
    """Stands in for the pool of torchmetrics' tests.

    Theirs waits for every process. One whose check fails between two synchronisations leaves the other waiting for
    it, half an hour by default.

    Args:
        pool: Theirs.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def starmap(self, function: Callable[..., object], arguments: Iterable[tuple[Any, ...]]) -> list[object]:
        """Call the function in as many processes as there are arguments, and raise what the first of them raises."""
        return list(self._pool.imap_unordered(partial(_called, function), arguments))

    def terminate(self) -> None:
        """End the processes, whatever they wait for."""
        self._pool.terminate()
        self._pool.join()


def _called(function: Callable[..., object], arguments: tuple[Any, ...]) -> object:
    return function(*arguments)


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Bound the time of a check.

    Args:
        seconds: After which it is ended.

    Raises:
        TimeoutError: If it takes longer.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
