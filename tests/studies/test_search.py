from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from studies.instant_runs import RATE

from lightning_go4align.studies import read_study
from lightning_go4align.studies.command import check_search
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Study


def trial(**params: Any) -> optuna.trial.FixedTrial:
    return optuna.trial.FixedTrial(params)


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        pytest.param({}, r"must be \{low, high\} or \{choices\}", id="nothing"),
        pytest.param([1, 2], r"must be \{low, high\} or \{choices\}", id="a list"),
        pytest.param({"low": 1, "high": 2, "choices": [1]}, r"must be \{low, high\} or", id="both"),
        pytest.param({"low": 1}, "needs numbers as `low` and `high`, .* has 1 and None", id="no end"),
        pytest.param({"low": "1e-4", "high": 1.0}, r"without quotes, but has '1e-4' and 1.0", id="text"),
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
        Search(**{name: 0})  # type: ignore[arg-type]  # One argument or another.


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


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"trials": 0}, r"^`search\.trials` must be at least 1, but is 0"),
        ({"finalists": 0}, r"^`search\.finalists` must be at least 1, but is 0"),
        ({"trails": 3}, r"cannot be read: .*trails.* Its keys are the arguments of `Search`"),
        ({"trials": "many"}, r"cannot be read: .*trials.* Its keys are the arguments of `Search`"),
    ],
    ids=str,
)
def test_a_search_that_cannot_be_is_refused_in_a_few_words(
    make_study: Callable[..., Path], search: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        read_study(make_study(search=search))
    assert "Union" not in str(refused.value)


def test_epochs_that_are_no_number_are_left_to_the_run(study: Callable[..., Study]) -> None:
    (run,) = make_plan(study(overrides={"trainer.max_epochs": "three"})).runs
    assert run.num_epochs is None
