import contextlib
import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from lightning_go4align.studies import read_study, run_study
from lightning_go4align.studies.engines.local import LocalEngine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.logs import epochs_done, logged
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.watching import Watcher

NUM_EPOCHS = 60


@pytest.fixture(scope="module")
def interrupted(make_study: Callable[..., Path]) -> Run:
    """A run that was stopped after its first epochs."""
    overrides = {"trainer.max_epochs": NUM_EPOCHS, "data.init_args.num_train": 2048}
    (run,) = make_plan(read_study(make_study(overrides=overrides))).runs
    with pytest.raises(KeyboardInterrupt):
        execute([run], engine(1), Impatient())
    return run


def engine(jobs: int) -> LocalEngine:
    return LocalEngine(this_machine(jobs, gpus=[]), Resources())


class Silent(Watcher):
    """Shows nothing."""

    def __init__(self) -> None: ...

    def started(self, run: Run) -> None: ...

    def watch(self, runs: Sequence[Run]) -> None: ...

    def skipped(self, run: Run) -> None: ...

    def waiting(self, number: int, what: str) -> None: ...

    def postponed(self, run: Run, why: str) -> None: ...

    def ended(self, run: Run, failure: str | None) -> None: ...


class Impatient(Silent):
    """Presses Ctrl-C once it has seen an epoch."""

    def watch(self, runs: Sequence[Run]) -> None:
        if any(epochs_done(run.folder) for run in runs):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def resumed(interrupted: Run) -> tuple[Run, int]:
    """The same run, some epochs later, finished; and the number of epochs that the interruption left."""
    epochs_before = epochs_done(interrupted.folder)
    assert execute([interrupted], engine(1), Silent()) == Outcome()
    return interrupted, epochs_before


def test_an_interrupted_run_goes_on_from_its_last_epoch(resumed: tuple[Run, int]) -> None:
    run, epochs_before = resumed
    with (run.folder / "logs" / "version_1" / "metrics.csv").open(newline="") as file:
        epochs = [int(row["epoch"]) for row in csv.DictReader(file) if row["val/delta_m"]]
    assert epochs == list(range(epochs_before, NUM_EPOCHS))


def test_the_time_of_a_resumed_run_is_no_estimate_for_others(resumed: tuple[Run, int]) -> None:
    assert yaml.safe_load((resumed[0].folder / "finished.json").read_text())["seconds"] is None


@pytest.fixture(scope="module")
def with_failure(make_study: Callable[..., Path]) -> tuple[Path, str]:
    """A study of two methods, one of which cannot run, after the attempt."""
    synthetic = yaml.safe_load(make_study().read_text())["methods"]["LS"]["configs"][0].removesuffix("ls.yaml")
    groups = {"model.init_args.method.init_args.num_groups": 99}
    methods = {
        "K = 99": {"configs": [f"{synthetic}go4align.yaml"], "overrides": groups},
        "LS": {"configs": [f"{synthetic}ls.yaml"]},
    }
    file = make_study(methods=methods)
    message = io.StringIO()
    with contextlib.redirect_stderr(message), pytest.raises(SystemExit, match="1 run failed"):
        run_study(file, jobs=2)
    return file, message.getvalue()


def test_a_failing_run_is_named_with_its_reason(with_failure: tuple[Path, str]) -> None:
    _, message = with_failure
    assert message.startswith("1 run failed:\nK = 99, seed 0: go4align fit: `num_groups`")


def test_the_other_runs_finish(with_failure: tuple[Path, str]) -> None:
    file, _ = with_failure
    with (file.parent / "study" / "results.csv").open(newline="") as rows:
        assert [row["method"] for row in csv.DictReader(rows)] == ["LS"]


def test_what_is_finished_does_not_run_again(with_failure: tuple[Path, str]) -> None:
    run = next(run for run in make_plan(read_study(with_failure[0])).runs if run.method == "LS")
    epochs = len(logged(run.folder, "cost/seconds"))
    execute([run, run], engine(2), Silent())
    assert len(logged(run.folder, "cost/seconds")) == epochs == 2


def test_the_configuration_of_a_run_is_kept_beside_its_results(with_failure: tuple[Path, str]) -> None:
    run = next(run for run in make_plan(read_study(with_failure[0])).runs if run.method == "LS")
    kept = yaml.safe_load((run.folder / "config.yaml").read_text())
    assert (kept["seed_everything"], kept["trainer"]["max_epochs"]) == (0, 2)


def test_no_study_runs_with_no_process(make_study: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match="`jobs` must be at least 1"):
        run_study(make_study(), jobs=0)
