import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lightning_go4align.studies import read_study
from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.command import check_search
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning

RATE = "model.init_args.learning_rate"


def trial(**params: Any) -> optuna.trial.FixedTrial:
    return optuna.trial.FixedTrial(params)


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        pytest.param({}, r"must be \{low, high\} or \{choices\}", id="nothing"),
        pytest.param([1, 2], r"must be \{low, high\} or \{choices\}", id="a list"),
        pytest.param({"low": 1, "high": 2, "choices": [1]}, r"must be \{low, high\} or", id="both"),
        pytest.param({"low": 1}, "needs numbers as `low` and `high`, but has 1 and None", id="no end"),
        pytest.param({"low": "1e-4", "high": 1.0}, r"has '1e-4' and 1.0; write 1.0e-4", id="YAML's text"),
        pytest.param({"low": 2, "high": 1}, "`low` at most `high`", id="upside down"),
        pytest.param({"low": 0, "high": 1, "log": True}, "above 0 with `log`", id="logarithm of zero"),
        pytest.param({"choices": []}, "at least one value", id="no choice"),
        pytest.param({"low": 1, "high": 2, "step": 1}, r"has \['step'\]", id="misspelt"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused_with_its_name(entry: Any, advice: str) -> None:
    with pytest.raises(ValueError, match=rf"`search.space.a.b`.*{advice}"):
        Search({"a.b": entry})


@pytest.mark.parametrize("name", ["trials", "startup", "finalists"])
def test_numbers_start_at_one(name: str) -> None:
    with pytest.raises(ValueError, match=f"`search.{name}` must be at least 1, but is 0"):
        Search(**{name: 0})  # type: ignore[arg-type]


@given(st.floats(1e-6, 1e3), st.floats(1, 1e3), st.booleans())
def test_what_is_suggested_lies_in_the_space(low: float, factor: float, log: bool) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    asked = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    search = Search({"x": {"low": low, "high": low * factor, "log": log}, "n": {"low": 1, "high": 3}})
    method, settings = search.suggest(asked, ["LS"])
    assert method == "LS"
    assert low <= settings["x"] <= low * factor
    assert settings["n"] in (1, 2, 3)


def test_settings_are_of_the_methods_that_have_them() -> None:
    search = Search({"k": {"low": 1, "high": 3, "methods": ["GO4Align"]}, RATE: {"low": 0.1, "high": 0.2}})
    assert search.suggest(trial(method="SI", **{RATE: 0.1}), ["SI", "GO4Align"]) == ("SI", {RATE: 0.1})


def test_choices_may_be_classes() -> None:
    classes = [{"class_path": "A"}, {"class_path": "B", "init_args": {"x": [1]}}]
    assert Search({"c": {"choices": classes}}).suggest(trial(c=1), ["LS"]) == ("LS", {"c": classes[1]})


@pytest.mark.parametrize(
    ("entries", "advice"),
    [
        pytest.param({"reference": "LS"}, "needs a `search` and a `reference`", id="no search"),
        pytest.param({"search": {"trials": 3}}, "needs a `search` and a `reference`", id="no reference"),
        pytest.param({"search": {"seed": 0}, "reference": "LS"}, "must be none of `seeds`", id="a seed of finals"),
        pytest.param(
            {"search": {"space": {"k": {"choices": [1], "methods": ["GO"]}}}, "reference": "LS"},
            r"`search.space.k.methods` may name \['LS'\], but names \['GO'\]",
            id="no such method",
        ),
    ],
)
def test_a_study_that_cannot_be_searched_is_told_why(
    study: Callable[..., Study], entries: dict[str, Any], advice: str
) -> None:
    with pytest.raises(ValueError, match=advice):
        check_search(study(**entries))


def test_the_parser_builds_no_class_of_a_space(make_study: Callable[..., Path]) -> None:
    space = {"model.init_args.method": {"choices": [{"class_path": "lightning_go4align.methods.SI"}]}}
    assert read_study(make_study(search={"space": space, "trials": 3})).search == Search(space, trials=3)


class Instant:
    """An engine of which each run ends at once, with what a formula says of its learning rate, epoch by epoch."""

    def __init__(self, finish: Callable[..., None], values: Callable[[Run], Iterable[float]]) -> None:
        self.finish, self.values = finish, values
        self.cancelled: list[Run] = []

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        for run in runs:
            run.folder.mkdir(parents=True)
        return [Submitted(run, iter(self.values(run))) for run in runs]

    def poll(self, submitted: Submitted) -> bool:
        return True

    def collect(self, submitted: Submitted) -> Ending:
        self.finish(submitted.run, [{"val/delta_m": value} for value in submitted.work])
        return Ending(End.FINISHED)

    def cancel(self, submitted: Sequence[Submitted]) -> None:
        self.cancelled += [one.run for one in submitted]

    def waits_for(self) -> None:
        return None


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_go4align.studies.tuning.POLL_SECONDS", 0)


def parabola(run: Run) -> list[float]:
    return [100 * (run.config["model"]["init_args"]["learning_rate"] - 0.3) ** 2]


def searched(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[..., None], engine: Any = None, **search: Any
) -> Tuning:
    space = {RATE: {"low": 0.0, "high": 1.0}}
    asked = study(tmp_path, search={"space": space, "trials": 20, **search}, reference="LS", name="s")
    engine = engine or Instant(
        finish, lambda run: [100 * (run.config["model"]["init_args"]["learning_rate"] - 0.3) ** 2]
    )
    return Tuning(asked, engine, jobs=1, deadline=float("inf"), console=Console(quiet=True))


def test_a_search_comes_near_the_optimum_of_a_parabola(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    best, second = searched(study, tmp_path, finish, trials=25).run()
    assert best.method.overrides[RATE] == pytest.approx(0.3, abs=0.05)
    assert best.value <= second.value


def test_a_search_that_goes_on_asks_for_no_more_than_it_should(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    first = searched(study, tmp_path, finish, trials=5)
    first.run()
    again = searched(study, tmp_path, finish, trials=8)
    again.run()
    assert (len(first.seconds), len(again.seconds)) == (5, 3)


def test_no_time_is_no_trial(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    search = searched(study, tmp_path, finish)
    search.deadline = 0.0
    with pytest.raises(ValueError, match="No trial logged a number under 'val/delta_m'"):
        search.run()


def test_what_diverges_is_no_finalist(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Instant(finish, lambda run: [float("nan")])
    with pytest.raises(ValueError, match="Correct `select_by`"):
        searched(study, tmp_path, finish, engine, trials=3).run()


class Slow(Instant):
    """Each run logs one epoch per look, of ten; one in two is hopeless from the start."""

    def __init__(self, finish: Callable[..., None]) -> None:
        super().__init__(finish, lambda run: [])
        self.epochs: dict[Path, list[float]] = {}
        self.started = 0

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        self.started += 1
        for run in runs:
            self.epochs[run.folder] = [100.0 if self.started % 2 == 0 else 1.0]
        return super().submit(runs)

    def poll(self, submitted: Submitted) -> bool:
        logs = submitted.run.folder / "logs" / "version_0"
        logs.mkdir(parents=True, exist_ok=True)
        values = self.epochs[submitted.run.folder]
        values.append(values[0])
        with (logs / "metrics.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["val/delta_m"], *([value] for value in values)])
        return len(values) > 10

    def collect(self, submitted: Submitted) -> Ending:
        (submitted.run.folder / "finished.json").write_text("{}")
        return Ending(End.FINISHED)


def test_hopeless_runs_are_stopped(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Slow(finish)
    searched(study, tmp_path, finish, engine, trials=12, startup=4).run()
    stopped = [engine.epochs[run.folder][0] for run in engine.cancelled]
    assert stopped == [100.0] * 4  # of the eight after the start, one in two
