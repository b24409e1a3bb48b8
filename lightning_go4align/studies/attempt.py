"""An attempt at a run, on the machine that it is made on: a process of ``go4align fit``."""

import enum
import json
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.studies.choosing import logged_instead
from lightning_go4align.studies.claims import Claim, ClaimLostError, take
from lightning_go4align.studies.configuration import CONFIG, write_config
from lightning_go4align.studies.heart import ORPHANED
from lightning_go4align.studies.logs import last_checkpoint, last_value
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.starting import Command, InterpreterStart, Process, Start
from lightning_go4align.words import DEBUG

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.1
TERMINATED = 128 + signal.SIGTERM  # of a command that was told to end, as by a scheduler that needs its place


class End(enum.Enum):
    """How an attempt ends; TAKEN if another process is at the run, LOST if its machine went away."""

    FINISHED = enum.auto()
    FAILED = enum.auto()
    TAKEN = enum.auto()
    LOST = enum.auto()


class Ending(NamedTuple):
    """What became of an attempt.

    Args:
        end: How it ended.
        reason: Why, unless the run is finished.
        lacks_columns: Whether it trained and tested to its end, and logged nothing under a column's name.
    """

    end: End
    reason: str = ""
    lacks_columns: bool = False


@dataclass(frozen=True)
class Attempt:
    """An attempt in progress.

    Args:
        run: The run.
        claim: The right to be at it.
        process: The process that trains.
        start: When it started, in seconds of ``time.perf_counter``.
        resumed: Whether it goes on from an epoch of an attempt before.
    """

    run: Run
    claim: Claim
    process: Process
    start: float
    resumed: bool

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def end(self) -> Ending:
        """Mark the run as finished if it is, and leave it to others if not; the process has ended."""
        try:
            self.claim.beat()
        except (ClaimLostError, OSError) as error:
            return Ending(End.TAKEN, str(error))
        missing = [name for name in self.run.columns if last_value(self.run.folder, name) is None]
        status = self.process.poll()
        if status == 0 and not missing:
            seconds = None if self.resumed else time.perf_counter() - self.start
            with atomic_write(self.run.folder / "finished.json") as file:
                file.write_text(json.dumps({"run": self.run.title, "seconds": seconds}))
        self.claim.release()
        if self.run.is_finished:
            return Ending(End.FINISHED)
        end = End.LOST if status in (ORPHANED, TERMINATED, -signal.SIGTERM) else End.FAILED
        return Ending(end, self._last_words(status, missing), lacks_columns=status == 0)

    def _last_words(self, status: int | None, missing: list[str]) -> str:
        output = self.run.folder / "output.txt"
        if status == 0:
            instead = dict.fromkeys(logged_instead([self.run.folder], name) for name in missing)
            return f"ended without logging {', '.join(missing)}. {' '.join(instead)} See {output}"
        shown = f"`go4align fit -c {self.run.folder / CONFIG} --debug` shows the traceback."
        said = f"{last_words(output.read_text(errors='replace')).replace(DEBUG, shown)} ({output})"
        return said if status is None or status > 0 else f"ended by {signal.Signals(-status).name}; before it: {said}"

    def stop(self) -> None:
        """Stop the process, and leave the run to others: it goes on from its last epoch."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.claim.release()


def begin(
    run: Run, environment: Mapping[str, str], directory: Path | None = None, start: Start | None = None
) -> Attempt | Ending:
    """Start a process that trains a run, from its last epoch if it has one.

    Args:
        run: The run.
        environment: What the process finds in its environment, beside what this one has.
        directory: Where the process runs, for paths in the configuration; here if not given.
        start: How it is started; in an interpreter of its own if not given.

    Returns:
        The attempt; or how it ended, if the run is finished or another process is at it.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    claim = take(run.folder)
    if claim is None:
        return Ending(End.TAKEN, f"another process is at {run.title}")
    if run.is_finished:  # perhaps by whoever had the claim before
        claim.release()
        return Ending(End.FINISHED)
    checkpoint = last_checkpoint(run.folder)
    arguments = ["fit", "-c", str(write_config(run))]
    arguments += [] if checkpoint is None else [f"--ckpt_path={checkpoint}"]
    begun = time.perf_counter()
    command = Command(claim.folder, arguments, environment, run.folder / "output.txt", directory)
    process = (start or InterpreterStart())(command)
    return Attempt(run, claim, process, begun, checkpoint is not None)


@dataclass
class Performance:
    """A run to be carried out on another machine: what engines send there.

    Args:
        run: The run.
        environment: What the process that trains finds in its environment, beside what there is.
        directory: Where it runs, for paths in the configuration.
    """

    run: Run
    environment: Mapping[str, str]
    directory: Path

    def __call__(self) -> Ending:
        """Make an attempt and wait for its end; if this is interrupted, the attempt is stopped."""
        attempt = begin(self.run, self.environment, self.directory)
        if isinstance(attempt, Ending):
            return attempt
        try:
            while not attempt.has_ended:  # not `wait`, which no interruption of Ray's reaches
                time.sleep(LOOK_SECONDS)
        except BaseException:
            attempt.stop()
            raise
        return attempt.end()


def last_words(output: str) -> str:
    r"""Return what a process said at its end: the lines in which the command explains itself, or the last one.

    Args:
        output: All that it said.

    Example:
        >>> last_words("Seed set to 0\ngo4align fit: `beta` is -1.\nRaise it.\n")
        'go4align fit: `beta` is -1. Raise it.'
    """
    lines = output.strip().splitlines() or ["no output"]
    start = max((number for number, line in enumerate(lines) if line.startswith("go4align ")), default=-1)
    return " ".join(map(str.strip, lines[max(start, len(lines) - 3) :] if start >= 0 else lines[-1:]))
