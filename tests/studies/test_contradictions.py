"""A study that says one thing twice, and not alike, is refused; what a method says of itself stays its own."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from lightning_go4align.studies.configuration import write_config
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.study import Study

RATE = "model.init_args.learning_rate"
OWN = {"own": {"overrides": {RATE: 0.2}}}


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        pytest.param({"methods": {"A": {"overrides": {"seed_everything": 7}}}}, "methods.A.overrides", id="method"),
        pytest.param({"overrides": {"seed_everything": 7}}, "overrides", id="study"),
        pytest.param(
            {"single_task": {"A": {"columns": ["test/worst"], "overrides": {"seed_everything": 7}}}},
            "single_task.A",
            id="task",
        ),
        pytest.param({"search": {"space": {"seed_everything": {"choices": [1]}}}}, "search.space", id="search"),
    ],
)
def test_one_run_is_not_counted_as_several_seeds(
    study: Callable[..., Study], entries: dict[str, Any], place: str
) -> None:
    with pytest.raises(ValueError, match=f"`{place}.*` sets `seed_everything`, which each run has from `seeds`"):
        study(columns=["test/worst"], **entries)


@pytest.mark.parametrize(
    "overrides",
    [
        {"model.fold": 1},
        {"model.init_args.fold": 1},
        {"model": {"class_path": "mine.Mine", "init_args": {"fold": 1}}},
    ],
)
def test_a_seed_is_found_however_it_is_written(study: Callable[..., Study], overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sets `model\.init_args\.fold`"):
        study(seed_argument="model.init_args.fold", methods={"A": {"overrides": overrides}})


def test_a_seed_of_chance_may_stay_where_something_else_is_repeated(study: Callable[..., Study]) -> None:
    asked = study(seed_argument="model.init_args.fold", overrides={"seed_everything": 7}, seeds=[0, 1])
    assert [run.config["seed_everything"] for run in make_plan(asked).runs] == [7, 7]


def test_seeds_of_the_study_go_on_top_of_those_of_files(study: Callable[..., Study], tmp_path: Any) -> None:
    (tmp_path / "own.yaml").write_text("seed_everything: 42\n")
    asked = study(tmp_path, methods={"A": {"configs": ["own.yaml"]}}, seeds=[0, 1])
    assert [run.config["seed_everything"] for run in make_plan(asked).runs] == [0, 1]


@pytest.mark.parametrize("rates", [[0.01], [0.01, 0.1]])
def test_a_method_with_a_learning_rate_of_its_own_keeps_it(study: Callable[..., Study], rates: list[float]) -> None:
    asked = study(learning_rates=rates, methods=OWN, seeds=[0, 1])
    found = [(run.title, run.config["model"]["init_args"]["learning_rate"]) for run in make_plan(asked).runs]
    assert found == [(f"own, seed {seed}, learning rate 0.2", 0.2) for seed in (0, 1)]


def test_a_learning_rate_that_is_no_number_stands_in_no_table(study: Callable[..., Study]) -> None:
    (run,) = make_plan(study(learning_rates=[0.01], methods={"own": {"overrides": {RATE: [0.1, 0.2]}}})).runs
    assert (run.learning_rate, run.config["model"]["init_args"]["learning_rate"]) == (None, [0.1, 0.2])


def test_a_method_with_another_model_has_the_learning_rate_of_the_study(study: Callable[..., Study]) -> None:
    (run,) = make_plan(study(learning_rates=[0.01], methods={"A": {"overrides": {"model": "mine.Other"}}})).runs
    assert run.config["model"] == {"class_path": "mine.Other", "init_args": {"learning_rate": 0.01}}


def test_a_learning_rate_for_all_is_not_named_twice(study: Callable[..., Study]) -> None:
    with pytest.raises(ValueError, match=r"`overrides` sets .*, which each run has from `learning_rates`"):
        study(learning_rates=[0.01], overrides={RATE: 0.2})


@pytest.mark.parametrize(
    ("select_by", "said"),
    [
        ("test/delta_m", "must not look at the test"),
        (
            "val/acc",
            "of which the lowest is chosen, but `higher_is_better` names acc. Put a minus in front, '-val/acc'",
        ),
        ("-val/loss", "of which the highest is chosen, but loss is a column that `higher_is_better` does not name"),
    ],
)
@pytest.mark.parametrize("of_the_method", [True, False])
def test_the_worst_is_not_chosen(study: Callable[..., Study], select_by: str, said: str, of_the_method: bool) -> None:
    given = {"methods": {"A": {"select_by": select_by}}} if of_the_method else {"select_by": select_by}
    with pytest.raises(ValueError, match=said):
        study(columns=["test/acc", "test/loss"], higher_is_better=["test/acc"], **given)


@pytest.mark.parametrize("select_by", ["-val/acc", "val/loss", "-val/f1", "val/error"])
def test_what_agrees_with_the_columns_or_is_none_of_them_may_choose(
    study: Callable[..., Study], select_by: str
) -> None:
    assert study(columns=["test/acc", "test/loss"], higher_is_better=["test/acc"], select_by=select_by)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("fast_dev_run", True, "logs nothing"),
        ("fast_dev_run", 3, "logs nothing"),
        ("barebones", True, "logs nothing"),
        ("enable_checkpointing", False, "writes no checkpoint"),
    ],
)
def test_a_trainer_that_keeps_nothing_of_a_run_is_refused_before_it(
    study: Callable[..., Study], setting: str, value: object, said: str
) -> None:
    with pytest.raises(ValueError, match=f"'LS' has `trainer.{setting}: {value}`, under which `fit` {said}"):
        make_plan(study(overrides={f"trainer.{setting}": value}))


@pytest.mark.parametrize(
    "trainer",
    [
        {"fast_dev_run": False, "barebones": None, "enable_checkpointing": True},
        {"logger": False, "default_root_dir": "elsewhere"},
        {
            "logger": {
                "class_path": "lightning.pytorch.loggers.CSVLogger",
                "init_args": {"save_dir": ".", "version": 7},
            }
        },
    ],
)
def test_other_settings_of_a_trainer_leave_a_run_its_logs(
    study: Callable[..., Study], trainer: dict[str, Any]
) -> None:
    (run,) = make_plan(study(overrides={"trainer": trainer})).runs
    run.folder.mkdir(parents=True)
    logger = yaml.safe_load(write_config(run).read_text())["trainer"]["logger"]
    assert logger["init_args"] == {"save_dir": str(run.folder), "name": "logs"}
