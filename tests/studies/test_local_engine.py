import dataclasses
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from lightning_go4align.studies.attempt import End
from lightning_go4align.studies.claims import holder, take
from lightning_go4align.studies.engines.local import LocalEngine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.resources import Pool, Resources
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.watching import Watcher

# In place of Python: trains nothing, but leaves what a run leaves, and a line when it starts and when it ends.
TRAINING = """#!/bin/sh
folder=$(dirname "$7")
say() { echo "$1 ${CUDA_VISIBLE_DEVICES-none} $OMP_NUM_THREADS" >> "$folder/../../told"; }
say start
mkdir -p "$folder/logs/version_0"
sleep 0.05
printf 'test/delta_m,test/worst\\n1.0,2.0\\n' > "$folder/logs/version_0/metrics.csv"
say end
"""


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "python"
    script.write_text(TRAINING)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(script))
    return tmp_path / "told"


class Notes(Watcher):
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.lacks: list[str] = []

    def started(self, run: Run) -> None:
        self.told["started"] += 1

    def watch(self, runs: Sequence[Run]) -> None: ...

    def skipped(self, run: Run) -> None:
        self.told["skipped"] += 1

    def waiting(self, number: int, what: str) -> None:
        self.lacks.append(what)

    def postponed(self, run: Run, why: str) -> None:
        self.told["postponed"] += 1

    def ended(self, run: Run, failure: str | None) -> None:
        self.told["ended"] += 1


def local(gpus: list[str], resources: Resources | None = None, jobs: int = 8) -> LocalEngine:
    return LocalEngine(Pool.of(jobs, gpus, cpus=8, memory_gb=64), resources or Resources())


def crowds(told: Path) -> Counter[str]:
    """The most runs that were on each GPU at once."""
    now, most = Counter[str](), Counter[str]()
    for line in told.read_text().splitlines():
        what, gpus, _ = line.split(" ")
        for gpu in gpus.split(","):
            now[gpu] += 1 if what == "start" else -1
            most[gpu] = max(most[gpu], now[gpu])
    return most


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        pytest.param(Resources(gpus=1), {"4": 1, "5": 1}, id="a GPU each"),
        pytest.param(Resources(gpus=0.5), {"4": 2, "5": 2}, id="half a GPU each"),
        pytest.param(Resources(gpus=2), {"4": 1, "5": 1}, id="two each"),
    ],
)
def test_no_gpu_is_given_to_more_runs_than_it_has_room_for(
    study: Callable[..., Study], tmp_path: Path, training: Path, asked: Resources, most: dict[str, int]
) -> None:
    runs = make_plan(study(tmp_path, seeds=list(range(8)))).runs
    notes = Notes()
    assert execute(runs, local(["4", "5"], asked), notes) == Outcome()
    assert crowds(training) == most
    assert notes.lacks[0] == f"{asked.gpus:g} GPUs, of which 0 free"


def test_runs_have_the_threads_they_asked_for_and_no_more_processors_than_there_are(
    study: Callable[..., Study], tmp_path: Path, training: Path
) -> None:
    runs = make_plan(study(tmp_path, seeds=list(range(4)))).runs
    execute(runs, local([], Resources(cpus=4)), Notes())
    assert {line.split(" ")[2] for line in training.read_text().splitlines()} == {"4"}
    assert crowds(training) == {"none": 2}  # of four each, on eight


def test_a_share_comes_back_when_runs_are_cancelled(
    study: Callable[..., Study], tmp_path: Path, training: Path
) -> None:
    engine = local(["0"])
    idle = engine.pool
    submitted = engine.submit(make_plan(study(tmp_path, seeds=[0, 1])).runs)
    engine.cancel(submitted)
    assert engine.pool == idle
    assert holder(submitted[0].run.folder) is None


def test_resources_that_no_machine_has_are_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"asks for 4 GPUs, of which 2 free: none can ever start"):
        local(["0", "1"], Resources(gpus=4))


def test_a_run_that_another_process_has_is_waited_for_and_not_run_again(
    study: Callable[..., Study],
    tmp_path: Path,
    training: Path,
    finish: Callable[[Run, Sequence[Mapping[str, float]]], None],
) -> None:
    (run,) = make_plan(study(tmp_path)).runs
    run.folder.mkdir(parents=True)
    other = take(run.folder)

    class Other(Notes):
        def waiting(self, number: int, what: str) -> None:
            super().waiting(number, what)
            finish(run, [{"test/delta_m": 1.0}])
            other.release()

    notes = Other()
    assert execute([run], local([]), notes) == Outcome()
    assert notes.lacks == [f"process {os.getpid()} on {os.uname().nodename}"]
    assert not training.exists()


def test_a_run_whose_claim_was_lost_marks_nothing(
    study: Callable[..., Study], tmp_path: Path, training: Path
) -> None:
    (run,) = make_plan(study(tmp_path)).runs
    engine = local([])
    (submitted,) = engine.submit([run])
    submitted.work.attempt.process.wait()
    (submitted.work.attempt.claim.folder.parent / "2").mkdir()  # another process took over
    assert engine.collect(submitted).end is End.TAKEN
    assert not run.is_finished


def test_many_runs_leave_no_file_open_and_no_process(
    study: Callable[..., Study], tmp_path: Path, training: Path
) -> None:
    runs = make_plan(study(tmp_path)).runs
    many = [dataclasses.replace(runs[0], seed=seed, folder=tmp_path / "runs" / str(seed)) for seed in range(60)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    execute(many, local([], jobs=20), Notes())
    assert all(run.is_finished for run in many)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert not any(map(holder, tmp_path.glob("runs/*")))
