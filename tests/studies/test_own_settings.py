"""What a method's overrides, and those of the study, may set: nothing is lost, and no table tells another value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.finalists import settings_text
from lightning_go4align.studies.plan import Plan, Run, make_plan
from lightning_go4align.studies.study import Study

RATE = "model.init_args.learning_rate"
METHOD = "model.init_args.method"


@pytest.fixture
def plan(study: Callable[..., Study]) -> Callable[..., Plan]:
    """Plan a study."""
    return lambda **entries: make_plan(study(**entries))


@pytest.mark.parametrize("overrides", [{"seed_everything": 7}, {"seed_everything": 0}], ids=str)
def test_a_seed_among_the_overrides_is_refused(plan: Callable[..., Plan], overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"`methods.own.overrides` sets seed_everything.*`methods.own.seeds`"):
        plan(methods={"LS": {}, "own": {"overrides": overrides}}, seeds=[0, 1])
    with pytest.raises(ValueError, match="`overrides` of the study sets seed_everything, which `seeds` sets"):
        plan(overrides=overrides)


def test_seeds_of_another_argument_leave_this_one_free(plan: Callable[..., Plan]) -> None:
    planned = plan(seed_argument="data.init_args.seed", methods={"LS": {"overrides": {"seed_everything": 7}}})
    assert [run.config["seed_everything"] for run in planned.runs] == [7]


@pytest.mark.parametrize("rates", [[0.1], [0.1, 0.2]], ids=str)
def test_a_method_with_a_rate_of_its_own_is_trained_with_it_and_takes_no_part_in_the_search(
    plan: Callable[..., Plan], finish: Callable[[Run, Sequence[Mapping[str, float]]], None], rates: list[float]
) -> None:
    methods = {"LS": {}, "own": {"overrides": {RATE: 0.3}}}
    planned = plan(methods=methods, learning_rates=rates, select_by="val/a", seeds=[0, 1])
    for run in planned.runs:
        finish(run, [{"val/a": 1.0, "test/delta_m": 1.0, "test/worst": 1.0}])
    own = [run for run in planned.again().runs if run.method == "own"]
    trained = [run.config["model"]["init_args"]["learning_rate"] for run in own]
    assert (trained, [run.learning_rate for run in own]) == ([0.3, 0.3], [0.3, 0.3])
    assert {row.learning_rate for row in collect(planned).rows if row.method == "own"} == {0.3}


def test_a_rate_of_all_methods_beside_one_that_is_chosen_is_refused(plan: Callable[..., Plan]) -> None:
    with pytest.raises(ValueError, match=f"`overrides` of the study sets {RATE}, which `learning_rates` sets"):
        plan(overrides={RATE: 0.1}, learning_rates=[0.1, 0.2])
    assert plan(overrides={RATE: 0.1}).runs[0].config["model"]["init_args"]["learning_rate"] == 0.1


@pytest.mark.parametrize("order", [1, -1])
def test_an_argument_may_come_before_its_class(plan: Callable[..., Plan], order: int) -> None:
    entries: list[tuple[str, Any]] = [(f"{METHOD}.init_args.num_groups", 2), (METHOD, {"class_path": "GO4Align"})]
    planned = plan(methods={"K": {"overrides": dict(entries[::order])}})
    method = planned.runs[0].config["model"]["init_args"]["method"]
    assert method == {"class_path": "GO4Align", "init_args": {"num_groups": 2}}


def test_what_another_class_would_drop_of_the_study_is_named(plan: Callable[..., Plan]) -> None:
    shared = {METHOD: {"class_path": "GO4Align"}, f"{METHOD}.init_args.num_groups": 3}
    methods = {"K": {}, "SI": {"overrides": {METHOD: {"class_path": "SI"}}}}
    with pytest.raises(ValueError, match=f"`methods.SI.overrides` names another class.*lost: {METHOD}.init_args.num"):
        plan(methods=methods, overrides=shared)


def test_a_rate_whose_run_failed_is_not_chosen(
    plan: Callable[..., Plan], finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    planned = plan(methods={"LS": {}}, learning_rates=[0.1, 9.0], select_by="val/a", seeds=[0, 1])
    good, bad = planned.candidates("LS")
    finish(good, [{"val/a": 1.0}])
    assert planned.chosen("LS", 1) is None
    after = planned.again([run.folder for run in (good, bad)])
    rest = [run for run in after.runs if run.folder not in (good.folder, bad.folder)]
    assert [(run.seed, run.learning_rate) for run in rest] == [(1, 0.1)]


def test_a_method_all_of_whose_rates_failed_is_left_out(plan: Callable[..., Plan]) -> None:
    planned = plan(methods={"LS": {}}, learning_rates=[8.0, 9.0], select_by="val/a")
    after = planned.again([run.folder for run in planned.runs])
    assert after.chosen("LS", 0) is None
    assert collect(after).rows == []


@pytest.mark.parametrize("setting", ["fast_dev_run", "barebones"])
def test_a_trainer_that_logs_nothing_is_refused(plan: Callable[..., Plan], setting: str) -> None:
    with pytest.raises(ValueError, match=f"'LS' has `trainer.{setting}`, with which nothing is logged"):
        plan(methods={"LS": {"overrides": {f"trainer.{setting}": True}}})
    plan(methods={"LS": {"overrides": {f"trainer.{setting}": False}}})


@pytest.mark.parametrize(("select_by", "mend"), [("val/worst", "-val/worst"), ("-val/delta_m", "val/delta_m")])
def test_a_choice_against_the_direction_of_a_column_is_refused(
    study: Callable[..., Study], select_by: str, mend: str
) -> None:
    with pytest.raises(ValueError, match=f"`select_by` is '{select_by}', by which .* Write '{mend}'"):
        study(select_by=select_by, higher_is_better=["test/worst"])
    study(select_by=mend, higher_is_better=["test/worst"])


def test_settings_whose_names_end_alike_are_told_apart() -> None:
    settings = {"model.init_args.learning_rate": 0.1, "model.init_args.method.init_args.learning_rate": 0.2}
    assert settings_text(settings) == "model.init_args.learning_rate 0.1, method.init_args.learning_rate 0.2"
