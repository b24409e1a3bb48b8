"""Whatever is searched and found: the finals run, and their tables show it."""

import optuna
import pytest
from hostile_names import HIDDEN, SHOWN, parameters
from security.shown import NAMES, Cells, make

from lightning_go4align.studies.finalists import Finalist, finalist_name, finals, search_table
from lightning_go4align.studies.page import html
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Method


@pytest.mark.parametrize("value", parameters(SHOWN, HIDDEN))
def test_a_setting_of_any_value_makes_a_finalist(value: str) -> None:
    studied = make(reference="LS")
    name = finalist_name("LS", {"model.a": value})
    assert name in finals(studied, [Finalist(name, Method(), 1.0)]).methods  # else refused once all has been searched


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a=b", "a b", "a\nb", "method"])
def test_what_is_no_argument_of_fit_is_refused_before_anything_is_searched(name: str) -> None:
    with pytest.raises(ValueError, match="Name arguments of `fit`"):
        Search({name: {"low": 0, "high": 1}})


def test_a_finalist_with_the_name_of_the_reference_does_not_take_its_place() -> None:
    reference, found = Method(overrides={"a": 1}), Method(overrides={"a": 2})
    studied = make(methods={"LS, a 2": reference, "LS": Method()}, reference="LS, a 2")
    assert finals(studied, [Finalist("LS, a 2", found, 1.0)]).methods == {
        "LS, a 2": reference,
        "LS, a 2 (found)": found,
    }


def test_the_table_of_a_search_shows_each_name_as_it_is() -> None:
    search = Search({"model.a": {"choices": NAMES}})
    distribution = optuna.distributions.CategoricalDistribution(range(len(NAMES)))
    trials = [
        optuna.trial.create_trial(
            params={"model.a": index}, distributions={"model.a": distribution}, value=float(index)
        )
        for index in range(len(NAMES))
    ]
    page = Cells(html(search_table(search, ["LS"], trials, SHOWN["stars"])))
    assert {f"LS, a {' '.join(name.split())}" for name in NAMES} <= set(page.heads)
    assert SHOWN["stars"] in page.heads
