"""Engines of clusters, on clusters that are made of processes of this machine. Each takes minutes: ``-m slow``."""

import csv
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lightning_go4align.studies.claims import holder
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.logs import epochs_done, median_value
from lightning_go4align.studies.plan import Plan, Run, make_plan
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.watching import Watcher

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
NUM_EPOCHS = 40


class Notes(Watcher):
    """A watcher that writes down what it is told."""

    def __init__(self, look: Callable[[Sequence[Run]], None] = lambda runs: None) -> None:
        self.told: Counter[str] = Counter()
        self.starts: dict[str, list[float]] = {}
        self.postponements: dict[str, float] = {}
        self._look = look

    def started(self, run: Run) -> None:
        self.told["started"] += 1
        self.starts.setdefault(run.title, []).append(time.perf_counter())

    def watch(self, runs: Sequence[Run]) -> None:
        self._look(runs)

    def skipped(self, run: Run) -> None:
        self.told["skipped"] += 1

    def waiting(self, number: int, what: str) -> None: ...

    def postponed(self, run: Run, why: str) -> None:
        self.told["postponed"] += 1
        self.postponements[run.title] = time.perf_counter()

    def ended(self, run: Run, failure: str | None) -> None:
        self.told["ended"] += 1


@pytest.fixture
def plan(study: Callable[..., Study], tmp_path: Path) -> Callable[..., Plan]:
    """A study of tiny runs; each epoch takes a part of a second, so that one can be interrupted."""

    def make(num_runs: int, **entries: Any) -> Plan:
        overrides = {"trainer.max_epochs": NUM_EPOCHS, "data.init_args.num_train": 1024}
        return make_plan(study(tmp_path, seeds=list(range(num_runs)), overrides=overrides, **entries))

    return make


def attempts_of(run: Run) -> list[list[int]]:
    """The epochs of each attempt at a run."""
    attempts = []
    for file in sorted(run.folder.glob("logs/version_*/metrics.csv")):
        with file.open(newline="") as rows:
            attempts.append([int(row["epoch"]) for row in csv.DictReader(rows) if row.get("val/delta_m")])
    return attempts


def epochs_validated(run: Run) -> list[int]:
    """The epochs of a run over all its attempts."""
    return sorted(epoch for attempt in attempts_of(run) for epoch in attempt)


def costs(run: Run) -> float:
    """Seconds of an epoch."""
    return median_value(run.folder, "cost/seconds")


def check_whole(plan: Plan) -> None:
    """Every run is there once, with every epoch, and nobody is at it any more."""
    results = collect(plan)
    assert sorted(row.seed for row in results.rows) == [run.seed for run in plan.runs]
    for run in plan.runs:
        assert set(epochs_validated(run)) == set(range(NUM_EPOCHS))
        assert holder(run.folder) is None
        assert json.loads((run.folder / "finished.json").read_text())["run"] == run.title


def test_a_requeued_job_goes_on_from_its_last_epoch(plan: Callable[..., Plan], tmp_path: Path) -> None:
    from lightning_go4align.studies.engines.slurm import SlurmEngine

    engine = SlurmEngine(Resources(), tmp_path / "slurm", {"timeout_min": 20}, cluster="local")
    interrupted: dict[str, int] = {}

    def interrupt(runs: Sequence[Run]) -> None:
        """What SLURM does when it needs the machine, once a run has done some epochs."""
        for run in runs:
            if run.seed == 0 and not interrupted and 3 < epochs_done(run.folder) < NUM_EPOCHS - 10:
                interrupted[run.title] = epochs_done(run.folder)
                (submitted,) = [one for one in jobs if one.run is run]
                controller = submitted.work._process.pid
                (task,) = Path(f"/proc/{controller}/task/{controller}/children").read_text().split()
                os.kill(int(task), signal.SIGUSR2)

    jobs: list[Submitted] = []
    submit = engine.submit

    def submit_and_keep(runs: Sequence[Run]) -> list[Submitted]:
        submitted = submit(runs)
        jobs.extend(submitted)
        return submitted

    engine.submit = submit_and_keep  # type: ignore[method-assign]  # As a user does in a notebook.
    planned = plan(2)
    assert execute(planned.runs, engine, Notes(interrupt)) == Outcome()
    check_whole(planned)
    assert interrupted
    assert json.loads((planned.runs[0].folder / "finished.json").read_text())["seconds"] is None  # it was resumed
    attempts = list(planned.runs[0].folder.glob("logs/version_*"))
    assert len(attempts) == 2
    print(f"interrupted at {interrupted}, epochs done twice: {len(epochs_validated(planned.runs[0])) - NUM_EPOCHS}")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, list[Any]]]:
    """Three nodes on loopback, with a processor and two GPUs that are not there each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 2})
    nodes = [cluster.add_node(num_cpus=1, num_gpus=2) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def test_a_study_survives_the_loss_of_a_node(plan: Callable[..., Plan], cluster: tuple[Any, list[Any]]) -> None:
    from lightning_go4align.studies.engines.ray import RayEngine

    ray_cluster, nodes = cluster
    start = time.perf_counter()
    lost: dict[str, float] = {}
    num_runs = int(os.environ.get("GO4ALIGN_TEST_RUNS", "9"))
    planned = plan(num_runs)

    def lose_a_node(runs: Sequence[Run]) -> None:
        at_work = [run for run in runs if 3 < epochs_done(run.folder) < NUM_EPOCHS - 10]
        if len(at_work) == 3 and not lost:
            lost["at"] = time.perf_counter()
            threading.Thread(target=ray_cluster.remove_node, args=(nodes[0], False)).start()

    notes = Notes(lose_a_node)
    engine = RayEngine(Resources(gpus=1, cpus=1), address=ray_cluster.address)
    assert execute(planned.runs, engine, notes) == Outcome()
    check_whole(planned)
    assert notes.told["ended"] == num_runs
    assert notes.told["postponed"] >= 1
    twice = sum(len(epochs_validated(run)) - NUM_EPOCHS for run in planned.runs)
    print(f"{num_runs} runs of {NUM_EPOCHS} epochs in {time.perf_counter() - start:.0f} s: {dict(notes.told)}")
    print(f"a node is killed after {lost['at'] - start:.0f} s; epochs done twice in all: {twice}")
    for title, noticed in notes.postponements.items():
        (again,) = [when for when in notes.starts[title] if when >= noticed]
        (run,) = [run for run in planned.runs if run.title == title]
        print(f"{title}: seen {noticed - lost['at']:.1f} s later, at work again {again - noticed:.1f} s after that")
        print(f"  its epochs: {[len(attempt) for attempt in attempts_of(run)]}, {costs(run):.2f} s each")


def test_a_ray_engine_refuses_what_no_node_has(cluster: tuple[Any, list[Any]]) -> None:
    from lightning_go4align.studies.engines.ray import RayEngine

    with pytest.raises(ValueError, match="which no machine of the Ray cluster has"):
        RayEngine(Resources(gpus=3), address=cluster[0].address)
