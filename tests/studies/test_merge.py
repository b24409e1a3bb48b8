from typing import Any

import pytest

from lightning_go4align.studies.merge import merged, nested, value_at


def test_a_list_is_replaced_as_a_whole() -> None:
    assert merged({"callbacks": ["a", "b"]}, {"callbacks": ["c"]}) == {"callbacks": ["c"]}


def test_a_class_named_by_its_path_alone_is_replaced_by_one_with_arguments() -> None:
    network = {"class_path": "DenseMPNN", "init_args": {"width": 32}}
    assert merged({"network": "DenseMPNN"}, {"network": network}) == {"network": network}


def test_arguments_of_the_same_class_are_kept() -> None:
    before = {"class_path": "Plateau", "init_args": {"factor": 0.7, "patience": 5}}
    after = {"class_path": "Plateau", "init_args": {"patience": 9}}
    assert merged(before, after)["init_args"] == {"factor": 0.7, "patience": 9}


def test_configurations_given_stay_as_they_are() -> None:
    base = {"trainer": {"max_epochs": 1}}
    merged(base, nested({"trainer.max_epochs": 2}))["trainer"]["max_epochs"] = 3
    assert base == {"trainer": {"max_epochs": 1}}


ARGUMENTS: dict[str, Any] = {"width": 4, "method": {"class_path": "SI"}}
CLASS = {"class_path": "mine.Mine", "init_args": ARGUMENTS}


@pytest.mark.parametrize(
    ("before", "arguments", "expected"),
    [
        pytest.param(
            "mine.Mine",
            {"model.init_args.rate": 0.1},
            {"class_path": "mine.Mine", "init_args": {"rate": 0.1}},
            id="a path alone",
        ),
        pytest.param(
            "mine.Mine", {"model.rate": 0.1}, {"class_path": "mine.Mine", "init_args": {"rate": 0.1}}, id="both short"
        ),
        pytest.param(CLASS, {"model.width": 8}, {**CLASS, "init_args": {**ARGUMENTS, "width": 8}}, id="short"),
        pytest.param(
            CLASS,
            {"model.method.beta": 1},
            {**CLASS, "init_args": {"width": 4, "method": {"class_path": "SI", "init_args": {"beta": 1}}}},
            id="short, twice",
        ),
        pytest.param(
            CLASS,
            {"model.method": "UW"},
            {**CLASS, "init_args": {"width": 4, "method": "UW"}},
            id="another by its path",
        ),
        pytest.param(
            CLASS,
            {"model.dict_kwargs.more": 1, "model.width": 8},
            {**CLASS, "init_args": {**ARGUMENTS, "width": 8}, "dict_kwargs": {"more": 1}},
            id="other arguments",
        ),
        pytest.param(None, {"model.width": 8}, {"width": 8}, id="of no class"),
    ],
)
def test_classes_and_arguments_may_be_named_as_on_the_command_line(
    before: Any, arguments: dict[str, Any], expected: Any
) -> None:
    assert merged({"model": before}, nested(arguments))["model"] == expected


ROBUST = "lightning_go4align.RobustGO4Align"
TWO = {"class_path": ROBUST, "init_args": {"num_groups": 2}}


@pytest.mark.parametrize("named", [ROBUST, {"class_path": ROBUST}])
@pytest.mark.parametrize("argument", ["model.init_args.method.init_args.num_groups", "model.method.num_groups"])
@pytest.mark.parametrize("layers", [1, 2])
def test_arguments_are_kept_when_their_class_is_named_after_them(named: object, argument: str, layers: int) -> None:
    overrides = {argument: 2, "model.init_args.method": named}
    given = [overrides] if layers == 1 else [{name: value} for name, value in overrides.items()]
    found = merged({"model": "mine.Mine"}, *map(nested, given))["model"]
    assert found == {"class_path": "mine.Mine", "init_args": {"method": TWO}}


@pytest.mark.parametrize("again", [ROBUST, {"class_path": ROBUST}])
def test_a_class_that_is_named_again_is_no_other(again: object) -> None:
    assert merged({"method": TWO}, {"method": again}) == {"method": TWO}


def test_a_mapping_without_a_class_gives_way_to_what_is_none() -> None:
    assert merged({"strategy": {"find_unused": True}}, {"strategy": "ddp"}) == {"strategy": "ddp"}


@pytest.mark.parametrize(
    "config", [{}, {"model": None}, {"model": "A"}, {"model": {"init_args": None}}, {"model": [1]}]
)
def test_an_argument_that_is_not_set_is_not_found(config: dict[str, Any]) -> None:
    assert value_at(config, "model.init_args.width") is None
