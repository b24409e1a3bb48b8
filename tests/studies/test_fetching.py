from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from lightning_go4align.studies.claims import take
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.command import study as study_command
from lightning_go4align.studies.fetching import fetch_finished
from lightning_go4align.studies.plan import Plan, Run, make_plan
from lightning_go4align.studies.study import Study

Finish = Callable[[Run, Sequence[Mapping[str, float]]], None]
ROWS = [{"test/delta_m": 3.0, "test/worst": 4.0}]


@pytest.fixture
def bucket() -> Iterator[MemoryFileSystem]:
    """A store of objects, which knows no folders, no locks and no renaming."""
    system = MemoryFileSystem()
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def plans(study: Callable[..., Study], tmp_path: Path) -> tuple[Plan, Plan]:
    """The same study here and elsewhere."""
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
    return make_plan(study(here, seeds=[0, 1])), make_plan(study(there, seeds=[0, 1]))


def test_what_is_finished_at_an_address_is_collected_here(
    plans: tuple[Plan, Plan], finish: Finish, bucket: MemoryFileSystem, tmp_path: Path
) -> None:
    here, there = plans
    finish(there.runs[1], ROWS)
    bucket.put(str(tmp_path / "there" / "runs"), "/studies/runs", recursive=True)
    assert fetch_finished(here.runs, "memory://studies") == [here.runs[1]]
    assert [(row.seed, row.values) for row in collect(here).rows] == [(1, {"delta_m": 3.0, "worst": 4.0})]
    assert fetch_finished(here.runs, "memory://studies") == []


def test_an_attempt_that_came_less_far_here_leaves_no_row(
    plans: tuple[Plan, Plan], finish: Finish, tmp_path: Path
) -> None:
    here, there = plans
    finish(here.runs[0], [{"test/delta_m": 9.0, "test/worst": 9.0}])
    (here.runs[0].folder / "finished.json").unlink()
    (here.runs[0].folder / "logs" / "version_0").rename(here.runs[0].folder / "logs" / "version_1")
    finish(there.runs[0], ROWS)
    fetch_finished(here.runs, str(tmp_path / "there"))
    assert [row.values["delta_m"] for row in collect(here).rows] == [3.0]


def test_a_run_that_a_process_is_at_is_left_to_it(plans: tuple[Plan, Plan], finish: Finish, tmp_path: Path) -> None:
    here, there = plans
    finish(there.runs[0], ROWS)
    here.runs[0].folder.mkdir(parents=True)
    take(here.runs[0].folder)
    assert fetch_finished(here.runs, str(tmp_path / "there")) == []
    assert not here.runs[0].is_finished


def test_a_wrong_address_is_told_what_it_lacks(plans: tuple[Plan, Plan], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder `runs` at .*nowhere\. Give the `folder` of"):
        fetch_finished(plans[0].runs, str(tmp_path / "nowhere"))


def test_runs_of_which_the_learning_rate_was_chosen_elsewhere_come_along(
    make_study: Callable[..., Path], study: Callable[..., Study], finish: Finish, tmp_path: Path
) -> None:
    entries = {"seeds": [0, 1], "learning_rates": [0.1, 0.2]}
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
    plan = make_plan(study(there, **entries))
    for run in plan.runs:
        finish(run, [{"val/delta_m": run.learning_rate, **ROWS[0]}])
    finish(next(run for run in plan.again().runs if run.seed == 1), ROWS)
    study_command(make_study(here, **entries), results_from=str(there))  # would start runs if any were missing
    assert (here / "study" / "results.csv").read_text().count("\nLS,") == 2
    assert not list((here / "runs").glob("*/output.txt"))
