"""How the process of a run is started: by a fork of one that has imported all, in milliseconds. Linux alone."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from lightning_go4align.studies import heart
from lightning_go4align.studies.starting import Command, Process, Start

A = TypeVar("A")
R = TypeVar("R")

# Ours and what they bring, torch and Lightning above all; a user's own modules are each run's own business.
NEEDED = ("lightning_go4align.cli.lightning_command", "lightning_go4align.studies.epoch_cost")
THREADS = "OMP_NUM_THREADS"
SERVER_IS_GONE = 255  # What `multiprocessing` tells where the server ended before the fork.


def be_run(command: Command, environment: Mapping[str, str], directory: Path) -> None:
    """Be a run, in a fork that has what a new process would have of its own.

    Args:
        command: What it does.
        environment: The whole of its environment, ``OMP_NUM_THREADS`` included.
        directory: Where it runs.
    """
    import torch  # In the fork alone: who starts it needs none.

    end_with_who_asked()
    output = os.open(command.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    torch.set_num_threads(int(environment[THREADS]))  # It read the variable when it was imported.
    heart.main(str(command.claim), str(os.getppid()), *command.arguments)


def end_with_who_asked() -> None:
    """Let this process end when the one that asked for it has, however: its parent, the server, lives on for it."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    asked = multiprocessing.parent_process()
    if asked is not None:
        asked.join()
        heart.leave()


def called_apart(function: Callable[[A], R], argument: A) -> R:
    """Call a function in a process of its own, where it may import what it likes: a fork where there are any.

    Args:
        function: The function, of a module's top.
        argument: Its one argument.
    """
    multiprocessing.set_forkserver_preload(list(NEEDED))
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    with _imports_in_one_thread(), ProcessPoolExecutor(1, context, end_with_who_asked) as apart:
        return apart.submit(function, argument).result()


class Fork(Process):
    """A run's process, a fork of the server of ``multiprocessing``.

    Args:
        command: What it does.
    """

    def __init__(self, command: Command) -> None:
        self._output = command.output
        self._ended: int | None = None
        environment = {**os.environ, **command.environment}
        self._process = ForkServerProcess(target=be_run, args=(command, environment, command.directory or Path.cwd()))
        with _imports_in_one_thread():  # The server, if it has to be started: a fork has one as well.
            self._process.start()

    @override
    def poll(self) -> int | None:
        if self._ended is None and self._process.exitcode is not None:
            self._ended = self._process.exitcode
            if self._ended == SERVER_IS_GONE:
                self._ended = self._orphaned()
        return self._ended

    def _orphaned(self) -> int:
        time.sleep(2 * heart.LOOK_SECONDS)  # It sees for itself that it is alone, and ends before anyone is told.
        with self._output.open("a") as output:
            output.write("The process that started this run has ended.\n")
        return heart.ORPHANED

    @override
    def terminate(self) -> None:
        self._process.terminate()

    @override
    def kill(self) -> None:
        self._process.kill()

    @override
    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout or 0.0)
        return status


@contextmanager
def _imports_in_one_thread() -> Iterator[None]:
    before = os.environ.get(THREADS)
    os.environ[THREADS] = "1"
    try:
        yield
    finally:
        os.environ.pop(THREADS)
        os.environ |= {} if before is None else {THREADS: before}


class ForkedStart(Start):
    """Starts runs as forks of one process that has imported torch and Lightning.

    Each run is a process of its own, as if it had an interpreter of its own, but for the seconds of the imports. The
    server is that of ``multiprocessing``: it ends with this process, and one that was killed is replaced.

    Args:
        modules: What it imports before it forks.
    """

    def __init__(self, modules: Sequence[str] = NEEDED) -> None:
        multiprocessing.set_forkserver_preload(list(modules))

    @override
    def __call__(self, command: Command) -> Fork:
        return Fork(command)
