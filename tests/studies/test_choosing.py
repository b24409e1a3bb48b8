"""A metric that nobody logged chooses nothing."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from studies.instant_runs import RATE, Instant, parabola

from lightning_go4align.studies.attempt import Attempt, End, Ending
from lightning_go4align.studies.claims import take
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.execution import execute
from lightning_go4align.studies.logs import best_value
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning
from lightning_go4align.studies.watching import Watcher

RATES = [0.1, 0.2, 0.3]
Finish = Callable[[Run, Sequence[Mapping[str, float]]], None]


@pytest.mark.parametrize(
    ("select_by", "logged", "said"),
    [
        pytest.param("val/eror", {"val/error": 1.0}, r"under 'val/eror'\. Did you mean val/error\?", id="misspelt"),
        pytest.param(
            "val/delta_m", {"val/a": 1.0, "test/a": 1.0}, r"Logged were val/a\. Correct `select_by`", id="default"
        ),
        pytest.param("val/error", {"dev/a": 1.0}, r"Logged were dev/a\. Correct `select_by`", id="other stage"),
        pytest.param("val/a", {"val/a": math.nan}, r"rates of LS diverged: none of 0.1, 0.2, 0.3 .* lower", id="nan"),
        pytest.param("val/a", {"val/a": math.inf}, r"rates of LS diverged", id="inf"),
    ],
)
def test_no_learning_rate_is_chosen_without_a_number(
    study: Callable[..., Study], finish: Finish, select_by: str, logged: dict[str, float], said: str
) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5], select_by=select_by)
    for run in make_plan(asked).runs:
        finish(run, [logged])
    with pytest.raises(ValueError, match=said):
        make_plan(asked)


def test_the_first_run_shows_that_nothing_can_be_chosen(study: Callable[..., Study], finish: Finish) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5], select_by="val/delta")
    runs, engine = make_plan(asked).runs, Instant(finish, parabola)
    silent = Watcher("study", 3, Console(quiet=True))
    with pytest.raises(ValueError, match=r"seed 4, learning rate 0\.1 logged no number"):
        execute(runs, engine, silent)
    assert (runs[0].is_finished, engine.cancelled) == (True, list(runs[1:]))


def test_a_study_that_is_corrected_goes_on_from_what_is_finished(study: Callable[..., Study], finish: Finish) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5], select_by="val/eror")
    for run, error in zip(make_plan(asked).runs, (3.0, 1.0, 2.0), strict=True):
        finish(run, [{"val/error": error}])
    corrected = make_plan(replace(asked, select_by="val/error"))
    assert [run.title for run in corrected.runs if not run.is_finished] == ["LS, seed 5, learning rate 0.2"]


def test_a_run_that_diverged_before_its_first_validation_leaves_the_choice_to_others(
    study: Callable[..., Study], finish: Finish
) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5])
    logs = ({"test/worst": math.nan}, {"val/delta_m": 2.0}, {"val/delta_m": -math.inf})
    for run, values in zip(make_plan(asked).runs, logs, strict=True):
        finish(run, [values])
        make_plan(asked)
    assert make_plan(asked).runs[-1].title == "LS, seed 5, learning rate 0.2"


def test_no_number_is_infinity(study: Callable[..., Study], finish: Finish) -> None:
    (run,) = make_plan(study()).runs
    finish(run, [{"val/a": value} for value in (math.nan, -math.inf)])
    assert best_value(run.folder, "val/a") == best_value(run.folder, "val/b") == math.inf


def test_a_search_ends_with_the_first_trial_and_goes_on_from_it_once_corrected(
    study: Callable[..., Study], tmp_path: Path, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_go4align.studies.tuning.POLL_SECONDS", 0)
    search = {"space": {RATE: {"low": 0.0, "high": 1.0}}, "trials": 3}
    asked = study(tmp_path, search=search, reference="LS", name="s", select_by="val/delta")
    engine = Instant(finish, parabola)
    given: Any = {"engine": engine, "jobs": 1, "deadline": math.inf, "console": Console(quiet=True)}
    with pytest.raises(ValueError, match=r"logged no number under 'val/delta'\. Did you mean val/delta_m\?"):
        Tuning(asked, **given).run()
    # The engine would not take the finished run again.
    corrected = Tuning(replace(asked, select_by="val/delta_m"), **given)
    corrected.run()
    assert len(list((tmp_path / "runs").iterdir())) == len(corrected.seconds) + 1 == 3


class Ended:
    """A process that ended well."""

    def poll(self) -> int:
        return 0

    terminate = wait = kill = poll


def test_a_run_without_a_column_says_which_one_may_have_been_meant(
    study: Callable[..., Study], finish: Finish
) -> None:
    (run,) = make_plan(study(columns=["test/deph", "test/miou"])).runs
    finish(run, [{"test/depth": 1.0, "test/area": 2.0}])
    (run.folder / "finished.json").unlink()
    claim = take(run.folder)
    assert claim is not None
    process: Any = Ended()
    said = Attempt(run, claim, process, 0.0, resumed=False).end().reason
    assert "test/deph, test/miou. Did you mean test/depth? Logged were test/area, test/depth. See" in said


class Lacking(Instant):
    """Of each run the first two attempts end without a column."""

    def collect(self, submitted: Submitted) -> Ending:
        if submitted.run.seed in (4, 6):
            return Ending(End.FAILED, "ended without logging test/wrost", lacks_columns=True)
        return super().collect(submitted)


@pytest.mark.parametrize(("seeds", "is_refused"), [([4, 5], True), ([5, 6], False)])
def test_a_column_that_the_first_run_lacks_ends_the_study(
    study: Callable[..., Study], finish: Finish, seeds: list[int], is_refused: bool
) -> None:
    runs, engine = make_plan(study(seeds=seeds)).runs, Lacking(finish, lambda run: [1.0])
    silent = Watcher("study", 2, Console(quiet=True))
    if not is_refused:
        assert list(execute(runs, engine, silent).failures) == ["LS, seed 6"]
        return
    with pytest.raises(ValueError, match=r"LS, seed 4 ended without logging test/wrost\. .* correct `columns`"):
        execute(runs, engine, silent)
    assert [run.seed for run in engine.cancelled] == [5]


@pytest.mark.parametrize("status", [143, -15])
def test_a_run_that_was_told_to_end_is_not_finished(study: Callable[..., Study], finish: Finish, status: int) -> None:
    """Its columns may be there already: those of the validation are logged after each epoch."""
    (run,) = make_plan(study()).runs
    finish(run, [dict.fromkeys(run.columns, 1.0)])
    (run.folder / "finished.json").unlink()
    (run.folder / "output.txt").write_text("go4align fit: ended by SIGTERM.\n")
    claim = take(run.folder)
    assert claim is not None
    process: Any = SimpleNamespace(poll=lambda: status)
    ending = Attempt(run, claim, process, 0.0, False).end()
    assert (ending.end, ending.lacks_columns, run.is_finished) == (End.LOST, False, False)
