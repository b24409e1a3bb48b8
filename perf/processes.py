"""Measuring in a process of its own, where nothing is left of what was measured before."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from perf.quiet import quiet

Result = TypeVar("Result")


def alone(measure: Callable[[], Result]) -> Result:
    """Call a function in a new process, on one thread.

    It is forked from a server that has loaded this package's modules, and no other state.

    Args:
        measure: What can be pickled: a function of a module, or a ``functools.partial`` of one.

    Returns:
        What it returned.

    Example:
        >>> alone(int)
        0
    """
    server = get_context("forkserver")
    server.set_forkserver_preload(["perf.overhead"])
    with ProcessPoolExecutor(1, mp_context=server) as pool:
        return pool.submit(_quietly, measure).result()


def _quietly(measure: Callable[[], Result]) -> Result:
    quiet(threads=1)
    return measure()
