"""Tests run in a copy of the project, in a process that has imported all that is slow to import."""

import contextlib
import importlib
import itertools
import json
import multiprocessing as mp
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from selection import Watch

ARGUMENTS = ["-q", "-p", "no:cacheprovider", "--randomly-dont-reorganize", "--hypothesis-seed=0"]
ARGUMENTS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # Hypothesis is there already.
FORK = mp.get_context("fork")
_ticks = itertools.count(int(time.time()) - 10**8)


def copied(project: Path, folder: Path) -> Path:
    """Copy what git knows, and what it would know."""
    listed = ["git", "-C", str(project), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")):
        if (project / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project / name, folder / name)
    return folder


def write(path: Path, source: str) -> None:
    """Write a file that no cache of bytecode takes for the last one."""
    path.write_text(source)
    tick = next(_ticks)
    os.utime(path, (tick, tick))


def watched(copy: Path, tests: Sequence[str], result: Path) -> None:
    """Run the tests once and write down which lines they meet.

    Raises:
        SystemExit: If they fail.
    """

    def run() -> int:
        watch = Watch(copy)
        status = int(pytest.main([*ARGUMENTS, *tests], [watch]))
        result.write_text(json.dumps(watch.found()))
        return status

    process = FORK.Process(target=_alone, args=(copy, copy / "watched.log", run))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"The tests fail without any fault:\n{(copy / 'watched.log').read_text()[-3000:]}")


class Chosen:
    """A plugin that runs these tests only, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._rank = {test: rank for rank, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._rank), key=lambda item: self._rank[item.nodeid]
        )


class Outcome(NamedTuple):
    """What came of a trial: "killed", "survived" or "timeout", by which test, and how long it took."""

    status: str
    test: str
    seconds: float


class Trial:
    """Tests that run in a copy, until the first one fails or time is up.

    Args:
        copy: The copy, which holds a fault.
        tests: Identifiers of the tests, in their order.
        limit: Seconds after which it is ended.
    """

    def __init__(self, copy: Path, tests: Sequence[str], limit: float) -> None:
        def run() -> int:
            files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
            _import_once(files)
            # The first file kills most mutants, and to collect the others takes longer than to run it.
            for part in (files[:1], files[1:]):
                chosen = [test for test in tests if test.partition("::")[0] in part]
                status = int(pytest.main(["-x", *ARGUMENTS, *part], [Chosen(chosen)])) if part else 0
                if status:
                    return status
            return 0

        self.copy = copy
        self._log = copy / "trial.log"
        self._start = time.monotonic()
        self.deadline = self._start + limit
        self._process = FORK.Process(target=_alone, args=(copy, self._log, run))
        self._process.start()
        self.sentinel = self._process.sentinel

    def outcome(self) -> Outcome | None:
        """Say how it ended; None while it goes on."""
        late = time.monotonic() > self.deadline
        if self._process.is_alive() and not late:
            return None
        self.end()
        seconds = round(time.monotonic() - self._start, 2)
        if late:
            return Outcome("timeout", "", seconds)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", self._log.read_text(errors="replace"), re.MULTILINE)
        status = "survived" if self._process.exitcode == 0 else "killed"
        return Outcome(status, failed.group(1) if failed else "", seconds)

    def end(self) -> None:
        """End it with all processes that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.join()


def first_ended(trials: Sequence[Trial]) -> None:
    """Wait until a trial ends or its time is up."""
    wait([trial.sentinel for trial in trials], max(0.0, min(trial.deadline for trial in trials) - time.monotonic()))


def _import_once(files: Sequence[str]) -> None:
    """Import the modules whose doctests are chosen, as their users do.

    pytest imports such a module's package first, which imports the module, and then makes a second one of it: what a
    test replaces there, the package would not notice.
    """
    for file in files:
        if file.startswith("lightning_go4align/"):
            importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _alone(copy: Path, log: Path, run: Callable[[], int]) -> Any:
    os.setpgid(0, 0)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(copy), os.environ.get("PYTHONPATH")]))
    sys.exit(run())
