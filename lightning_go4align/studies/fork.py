"""A process that another one has forked, as if it were a child of this one. Linux alone."""

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from lightning_go4align.studies.heart import LOOK_SECONDS, ORPHANED
from lightning_go4align.studies.starting import Process


class Teller(Protocol):
    """Who knows what becomes of forks, and calls their ``has_started``, ``has_ended`` and ``is_orphaned``."""

    def listen(self) -> None:
        """Call them for what has happened meanwhile."""

    def wait(self, timeout: float | None) -> bool:
        """Wait until something happens; False if nothing does within some seconds."""


class Fork(Process):
    """A run's process, seen from here, though it is the server's child.

    Args:
        server: The server.
        output: File that its output goes to.
    """

    def __init__(self, server: Teller, output: Path) -> None:
        self._server, self._output = server, output
        self._handle: int | None = None  # names this process alone, even once its number is another's
        self.returncode: int | None = None

    @override
    def poll(self) -> int | None:
        self._server.listen()
        return self.returncode

    @override
    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    @override
    def kill(self) -> None:
        self._send(signal.SIGKILL)

    @override
    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not self._server.wait(left):
                raise subprocess.TimeoutExpired(str(self._output), timeout or 0.0)
        return status

    def _send(self, number: signal.Signals) -> None:
        while self.poll() is None and self._handle is None:  # The server imports as yet.
            self._server.wait(None)
        if self._handle is not None:
            _signal(self._handle, number)

    def has_started(self, handle: int) -> None:
        """Called when the server has forked it."""
        self._handle = handle

    def has_ended(self, status: int) -> None:
        """Called when the server has seen its end."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self.returncode = None, status

    def is_orphaned(self, why: str) -> None:
        """Called when the server is gone; the process ends, too, before anyone is told."""
        if self._handle is None:  # If it was forked at all, it sees for itself that it is alone.
            time.sleep(2 * LOOK_SECONDS)
        else:
            _signal(self._handle, signal.SIGKILL)
            is_ready(self._handle, None)
        with self._output.open("a") as output:
            output.write(f"The process that started this run has ended. {why}\n")
        self.has_ended(ORPHANED)


def _signal(handle: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # It has ended, of which the server is about to tell.
        signal.pidfd_send_signal(handle, number)


def is_ready(descriptor: int, timeout: float | None) -> bool:
    """Wait until there is something to read, or the other end is closed.

    Args:
        descriptor: Number of an open file.
        timeout: How long to wait, in seconds; for ever if None.

    Example:
        >>> reader, writer = os.pipe()
        >>> is_ready(reader, 0), os.write(writer, b"x"), is_ready(reader, None)
        (False, 1, True)
        >>> os.close(reader), os.close(writer)
        (None, None)
    """
    poll = select.poll()  # not `select`, which knows no descriptor above 1023
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout is None else 1000 * timeout))
