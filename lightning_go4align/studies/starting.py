"""How the process of a run is started: by a new interpreter."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from typing_extensions import override

HEART = "lightning_go4align.studies.heart"


@dataclass(frozen=True)
class Command:
    """What a process is to do.

    Args:
        claim: Folder of the claim that it keeps alive.
        arguments: Arguments of ``go4align``.
        environment: What it finds in its environment, beside what this process has.
        output: File that its output goes to.
        directory: Where it runs; here if None.
    """

    claim: Path
    arguments: Sequence[str]
    environment: Mapping[str, str]
    output: Path
    directory: Path | None = None


class Process(Protocol):
    """What an attempt asks of its process; ``subprocess.Popen`` is one."""

    def poll(self) -> int | None:
        """Status with which it ended, below 0 by a signal; None while it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: If it takes longer.
        """


class Start(Protocol):
    """Starts processes of runs."""

    def __call__(self, command: Command) -> Process:
        """Start one."""


class InterpreterStart(Start):
    """Starts each run in an interpreter of its own, which takes some seconds to import what it needs."""

    @override
    def __call__(self, command: Command) -> Process:
        words = [sys.executable, "-m", HEART, str(command.claim), str(os.getpid()), *command.arguments]
        with command.output.open("w") as output:
            return subprocess.Popen(
                words,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.environment},
                cwd=command.directory,
            )
