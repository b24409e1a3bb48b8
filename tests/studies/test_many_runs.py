"""Hundreds of runs by one engine leave nothing behind. Takes minutes: ``-m slow``."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from rich.console import Console

from lightning_go4align.studies.claims import holder
from lightning_go4align.studies.engines.local import local_engine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.study import Method, Study
from lightning_go4align.studies.watching import Watcher
from perf.study_overhead import CONFIG

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
NUM_RUNS, WARM_UP = 500, 50


class Use(NamedTuple):
    """What this process and those below it hold: MiB of memory, open files, children."""

    memory: tuple[float, ...]
    files: tuple[int, ...]
    children: tuple[int, ...]


def use() -> Use:
    processes = [os.getpid(), *children(os.getpid())]
    memory = tuple(resident(process) for process in processes)
    files = tuple(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in processes)
    return Use(memory, files, tuple(len(children(process)) for process in processes))


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def resident(process: int) -> float:
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1]) / 1024


def test_five_hundred_runs_leak_no_memory_no_file_and_no_process(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(CONFIG))
    study = Study(
        [str(tmp_path / "base.yaml")],
        {"sum": Method()},
        ["val/error"],
        folder=str(tmp_path),
        seeds=list(range(NUM_RUNS)),
    )
    runs, pool = make_plan(study).runs, this_machine(2, gpus=[])
    engine = local_engine(pool, Resources())
    with Watcher("many", NUM_RUNS, Console(quiet=True)) as watcher:
        assert execute(runs[:WARM_UP], engine, watcher) == Outcome()
        early = use()
        assert execute(runs[WARM_UP:], engine, watcher) == Outcome()
        late = use()
        assert engine.pool == pool
    print(f"after {WARM_UP} runs {early}, after {NUM_RUNS} {late}")
    assert all(run.is_finished for run in runs)
    assert not any(map(holder, tmp_path.glob("runs/*")))
    assert late.children == early.children
    # The files of a process that has just ended stay a moment, and Python's arenas breathe by some MiB: a leak of one
    # file per run would be 450, one of 10 KiB 4.4 MiB.
    assert late.files == pytest.approx(early.files, abs=4)
    assert late.memory == pytest.approx(early.memory, abs=4)
