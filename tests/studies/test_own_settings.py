"""What a method's overrides, and those of the study, may set: nothing is lost, and no table tells another value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.plan import Plan, Run, make_plan
from lightning_go4align.studies.study import Study

RATE = "model.init_args.learning_rate"
METHOD = "model.init_args.method"


@pytest.fixture
def plan(study: Callable[..., Study]) -> Callable[..., Plan]:
    """Plan a study."""
    return lambda **entries: make_plan(study(**entries))


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


@pytest.mark.parametrize("order", [1, -1])
def test_an_argument_may_come_before_its_class(plan: Callable[..., Plan], order: int) -> None:
    entries: list[tuple[str, Any]] = [(f"{METHOD}.init_args.num_groups", 2), (METHOD, {"class_path": "GO4Align"})]
    planned = plan(methods={"K": {"overrides": dict(entries[::order])}})
    method = planned.runs[0].config["model"]["init_args"]["method"]
    assert method == {"class_path": "GO4Align", "init_args": {"num_groups": 2}}
