"""A study trains its single-task networks first, and compares with them; also those of somebody else's module."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from isolation import child_environment
from studies.instant_runs import Instant

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.command import check_search
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.merge import nested
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.runner import carry_out, checked_plan, run_study
from lightning_go4align.studies.single_tasks import METHOD, single_tasks
from lightning_go4align.studies.study import Study

ALONE = {"a": {"columns": ["test/delta_m"]}, "b": {"columns": ["test/worst"]}}
EXAMPLE = Path(__file__).parents[2] / "examples" / "own_project"


class OfSeeds(Instant):
    """An engine that logs in each column a number of the seed: alone, half of it."""

    def __init__(self, finish: Callable[..., None]) -> None:
        super().__init__(finish, lambda run: [])
        self.titles: list[str] = []

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        self.titles += [run.title for run in runs]
        return super().submit(runs)

    def collect(self, submitted: Submitted) -> Ending:
        run = submitted.run
        value = (1 + run.seed) * (1 if run.method == "LS" else 0.5)
        self.finish(run, [dict.fromkeys(run.columns, value)])
        return Ending(End.FINISHED)


def test_delta_m_is_that_to_the_mean_of_the_single_task_networks(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = OfSeeds(finish)
    asked = study(tmp_path, seeds=[0, 1], single_task=ALONE, reference="LS")
    for _ in range(2):  # the second time all is there
        carry_out(make_plan(asked), engine)
    assert engine.titles == ["a, seed 0", "b, seed 0", "a, seed 1", "b, seed 1", "LS, seed 0", "LS, seed 1"]
    with (tmp_path / "study" / "results.csv").open(newline="") as file:
        # alone (0.5 + 1) / 2 = 0.75; LS has 1 and 2
        assert [float(row["delta_m"]) for row in csv.DictReader(file)] == pytest.approx([100 / 3, 500 / 3])
    assert "single-task networks of the study study; seeds 0, 1" in (tmp_path / "study" / "table.md").read_text()


def alone(task: str) -> dict[str, Any]:
    return {"class_path": "lightning_go4align.methods.SingleTask", "init_args": {"task": task}}


def test_a_task_alone_is_a_method_of_its_own_whatever_else_its_entry_says(study: Callable[..., Study]) -> None:
    longer = {"trainer.max_epochs": 9}
    found = single_tasks(study(single_task={**ALONE, "b": {**ALONE["b"], "overrides": longer}})).methods
    assert [found["a"].overrides, found["b"].overrides] == [{METHOD: alone("a")}, {METHOD: alone("b"), **longer}]


@pytest.mark.parametrize(
    "own",
    [
        {METHOD: "torchjd.scalarization.Sum"},
        {"model.method": "torchjd.scalarization.Sum"},
        {METHOD: {"class_path": "torchjd.scalarization.Sum"}},
        {"model": {"class_path": "mine.Mine", "init_args": {"method": "torchjd.scalarization.Sum"}}},
    ],
    ids=["by its path", "short", "class", "the whole model"],
)
def test_a_method_of_its_own_stays(study: Callable[..., Study], tmp_path: Path, own: dict[str, Any]) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(json.dumps(nested(own)))
    by_override = study(single_task={**ALONE, "b": {**ALONE["b"], "overrides": own}})
    by_file = study(tmp_path, single_task={**ALONE, "b": {**ALONE["b"], "configs": [str(file)]}})
    assert [single_tasks(one).methods["b"].overrides for one in (by_override, by_file)] == [own, {}]


def test_a_learning_rate_of_a_single_task_is_chosen_by_its_own_column(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    rates, best = [0.1, 0.2, 0.4], {"a": 0.2, "b": 0.4}
    asked = study(
        tmp_path,
        single_task=ALONE,
        learning_rates=rates,
        higher_is_better=["test/worst"],
        select_by="val/sum",  # which what is not trained decides
    )
    plan = make_plan(single_tasks(asked))
    assert [plan.study.select_by_of(name) for name in ("a", "b")] == ["val/delta_m", "-val/worst"]
    for run in plan.runs:
        away = abs(float(run.learning_rate or 0) - best[run.method])
        finish(run, [{"val/delta_m": away, "val/worst": -away, "val/sum": float(run.learning_rate or 0)}])
    chosen = {run.method: run.learning_rate for run in plan.again().runs if run.select_by is None}
    assert chosen == best


def test_of_several_columns_none_is_taken_to_choose(study: Callable[..., Study]) -> None:
    both = {"a": {"columns": ["test/delta_m", "test/worst"]}}
    with pytest.raises(ValueError, match=r"Give it a `select_by`, a metric of this task"):
        study(single_task=both, learning_rates=[0.1, 0.2])
    asked = study(single_task={"a": {**both["a"], "select_by": "val/loss"}}, learning_rates=[0.1, 0.2])
    assert single_tasks(asked).select_by_of("a") == "val/loss"
    with pytest.raises(ValueError, match=r"must not look at the test, but is '-test/worst'"):
        study(single_task={"a": {**both["a"], "select_by": "-test/worst"}})


@pytest.mark.parametrize(
    ("entries", "advice"),
    [
        pytest.param({"single_task": {"a": ALONE["a"]}}, "must have each of `columns` once", id="a column left out"),
        pytest.param({"single_task": {**ALONE, "c": ALONE["b"]}}, "Give each task its `columns`", id="one twice"),
        pytest.param({"single_task": {**ALONE, "c": {}}, "baseline": "a.json"}, "Leave out either", id="both"),
        pytest.param({"single_task": ["a"]}, r"`single_task` .* must be a mapping", id="a list"),
    ],
)
def test_single_tasks_that_make_no_baseline_are_refused(
    study: Callable[..., Study], entries: dict[str, Any], advice: str
) -> None:
    with pytest.raises(ValueError, match=advice):
        study(**entries)


def test_a_plan_shows_the_tasks_alone_first(
    make_study: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run_study(make_study(single_task=ALONE), dry_run=True)
    printed = capsys.readouterr().out
    places = [printed.index(words) for words in ("│ a ", "│ b ", "First: a, seed 0", "│ LS ", "First: LS, seed 0")]
    assert places == sorted(places)


@pytest.mark.parametrize(("file", "num_runs"), [("compare.yaml", 15), ("tune.yaml", 15)])
def test_the_studies_of_the_example_can_be_planned(file: str, num_runs: int) -> None:
    plan = checked_plan(EXAMPLE / file)
    assert len(plan.runs) == len(make_plan(single_tasks(plan.study)).runs) == num_runs
    if file == "tune.yaml":
        check_search(plan.study)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere") / "own_project"
    shutil.copytree(EXAMPLE, folder)
    return folder


def go4align(folder: Path, words: Iterable[str]) -> str:
    command = [sys.executable, "-m", "lightning_go4align", *words]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=child_environment(COLUMNS="200"))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("words", "name", "sentence"),
    [
        ("study compare.yaml --jobs 2", "compare", "robust GO4Align: ∆m -"),
        ("tune tune.yaml --hours 0.2 --jobs 2", "tune_finals", ": ∆m "),
    ],
)
def test_the_example_runs_as_written_in_a_folder_of_its_own(
    elsewhere: Path, words: str, name: str, sentence: str
) -> None:
    said = go4align(elsewhere, words.split())
    assert sentence in said
    assert "against by hand, better in " in said
    assert (elsewhere / name / "study.html").is_file()
    alone = json.loads((elsewhere / f"{name.removesuffix('_finals')}_stl" / "baseline.json").read_text())
    assert all(0.1 < error < 1 for error in alone["errors"].values())  # of each target's variance
