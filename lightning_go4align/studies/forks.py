"""How the process of a run is started: by a fork of one that has imported all, in milliseconds. Linux alone."""

import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from typing_extensions import override

from lightning_go4align.studies.fork import Fork, Teller, is_ready
from lightning_go4align.studies.fork_server import MOST_BYTES
from lightning_go4align.studies.starting import Command, Start

SERVER = "lightning_go4align.studies.fork_server"
# Ours and what they bring, torch and Lightning above all; a user's own modules are each run's own business.
NEEDED = ("lightning_go4align.cli.lightning_cli", "lightning_go4align.studies.epoch_cost")


class Server(Teller):
    """The process that forks, and what it told so far.

    Args:
        environment: What it and its forks find in their environment, beside what this process has.
        modules: What it imports before it forks.
    """

    def __init__(self, environment: Mapping[str, str], modules: Sequence[str]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", SERVER, str(theirs.fileno()), *modules]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the server
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment},
            )
        self._numbers = itertools.count()
        self._running: dict[int, Fork] = {}
        self.is_there = True

    def fork(self, command: Command) -> Fork:
        """Ask for a process."""
        number = next(self._numbers)
        request = {
            "number": number,
            "claim": str(command.claim),
            "arguments": list(command.arguments),
            "environment": dict(command.environment),
            "output": str(command.output),
            "directory": None if command.directory is None else str(command.directory),
        }
        fork = self._running[number] = Fork(self, command.output)
        try:
            self._channel.send(json.dumps(request).encode())
        except (BrokenPipeError, ConnectionResetError):
            self.close()
        return fork

    @override
    def wait(self, timeout: float | None) -> bool:
        return is_ready(self._channel.fileno(), timeout) if self.is_there else True

    @override
    def listen(self) -> None:
        while self.is_there and self.wait(0):
            try:
                message, handles, _, _ = socket.recv_fds(self._channel, MOST_BYTES, 1)
            except ConnectionResetError:
                message = b""
            if not message:
                self.close()
                return
            answer = json.loads(message)
            if handles:
                self._running[answer["number"]].has_started(handles[0])
            else:
                self._running.pop(answer["number"]).has_ended(answer["status"])

    def close(self) -> None:
        """End the server, or see that it has ended, and what runs with it."""
        if not self.is_there:
            return
        self.is_there = False
        self._channel.close()
        self._process.wait()
        with self._complaints as complaints:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip().splitlines()
        while self._running:
            self._running.popitem()[1].is_orphaned(*said[-1:] or [""])


class ForkedStart(Start):
    """Starts runs as forks of one process that has imported torch and Lightning.

    Each run is a process of its own, as if it had an interpreter of its own, but for the seconds of the imports. A
    server that was killed is replaced.

    Args:
        environment: What the server finds in its environment, beside what this process has: the number of threads,
            which libraries look at when they are imported.
        modules: What it imports before it forks.
    """

    def __init__(self, environment: Mapping[str, str], modules: Sequence[str] = NEEDED) -> None:
        self._environment, self._modules = environment, modules
        self._server: Server | None = None

    @override
    def __call__(self, command: Command) -> Fork:
        if self._server is None or not self._server.is_there:
            self._server = Server(self._environment, self._modules)
        return self._server.fork(command)

    @override
    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
