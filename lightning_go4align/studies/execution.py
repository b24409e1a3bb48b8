"""Runs as processes of ``go4align fit``, side by side."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, NamedTuple

from lightning_go4align.studies.configuration import write_config
from lightning_go4align.studies.logs import last_checkpoint, last_value
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.watching import Watcher

POLL_SECONDS = 0.2


@dataclass
class Process:
    """A run in progress."""

    run: Run
    popen: subprocess.Popen[bytes]
    lock: IO[str]
    start: float
    resumed: bool


class Outcome(NamedTuple):
    """What became of runs.

    Args:
        failures: What the failed runs said last, by their titles.

    Example:
        >>> print(Outcome({"LS, seed 0": "ValueError: no"}) + Outcome())
        1 runs failed:
        LS, seed 0: ValueError: no
    """

    failures: Mapping[str, str] = MappingProxyType({})

    def __add__(self, other: object) -> "Outcome":
        if not isinstance(other, Outcome):
            return NotImplemented
        return Outcome({**self.failures, **other.failures})

    def __str__(self) -> str:
        return "\n".join([f"{len(self.failures)} runs failed:", *map(": ".join, self.failures.items())])


def execute(runs: Sequence[Run], jobs: int, watcher: Watcher) -> Outcome:
    """Run what is not finished, as many at a time as there are jobs.

    A run that fails leaves the others alone. An interrupted one is resumed from its last epoch. A run that another
    process is at is waited for.

    Args:
        runs: The runs.
        jobs: Number of processes, at least 1.
        watcher: Who is told what happens.

    Returns:
        What became of them.
    """
    waiting, working, failures = deque(runs), list[Process](), dict[str, str]()
    try:
        while waiting or working:
            _fill(waiting, working, jobs, watcher)
            time.sleep(POLL_SECONDS if working or waiting else 0)
            for process in [process for process in working if process.popen.poll() is not None]:
                working.remove(process)
                failure = _finish(process)
                failures |= {process.run.title: failure} if failure else {}
                watcher.ended(process.run, failure)
            watcher.watch([process.run for process in working])
    finally:
        for process in working:
            process.popen.terminate()
        for process in working:
            process.popen.wait()
            process.lock.close()
    return Outcome(failures)


def _fill(waiting: deque[Run], working: list[Process], jobs: int, watcher: Watcher) -> None:
    for _ in range(len(waiting)):
        if len(working) == jobs:
            return
        run = waiting.popleft()
        process = None if run.is_finished else _start(run)
        if process is not None:
            working.append(process)
            watcher.started(run)
        elif run.is_finished:
            watcher.skipped(run)
        else:
            waiting.append(run)


def _start(run: Run) -> Process | None:
    """Start a run, or say None if another process is at it."""
    run.folder.mkdir(parents=True, exist_ok=True)
    lock = (run.folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if run.is_finished:
        lock.close()
        return None
    command = [sys.executable, "-m", "lightning_go4align", "fit", "-c", str(write_config(run))]
    checkpoint = last_checkpoint(run.folder)
    command += [] if checkpoint is None else [f"--ckpt_path={checkpoint}"]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    with (run.folder / "output.txt").open("w") as output:
        # The lock goes to the process, too: it is held for as long as the run goes on, even without this one.
        popen = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, pass_fds=[lock.fileno()]
        )
    return Process(run, popen, lock, time.perf_counter(), checkpoint is not None)


def _finish(process: Process) -> str | None:
    """Mark a run as finished, or say why it failed."""
    run, seconds = process.run, time.perf_counter() - process.start
    with process.lock:
        missing = [name for name in run.columns if last_value(run.folder, name) is None]
        if process.popen.returncode == 0 and not missing:
            marker = run.folder / "finished.json.part"
            marker.write_text(json.dumps({"run": run.title, "seconds": None if process.resumed else seconds}))
            marker.replace(run.folder / "finished.json")
            return None
    if process.popen.returncode == 0:
        return f"ended without logging {', '.join(missing)}; see {run.folder / 'output.txt'}"
    lines = (run.folder / "output.txt").read_text(errors="replace").strip().splitlines()
    return f"{lines[-1].strip() if lines else 'no output'} ({run.folder / 'output.txt'})"
