"""Methods against the reference, where metrics have any sign and methods not all of them."""

import math
from typing import Any

import pytest

from lightning_go4align.studies import Baseline, Results, Row
from lightning_go4align.studies.comparison import paired_comparisons
from lightning_go4align.studies.profiles import performance_profiles
from lightning_go4align.studies.tables import comparison_columns, comparison_table, paired_table


def compared(scores: dict[str, dict[str, float]], seeds: int = 1, **kwargs: Any) -> Results:
    columns = list(dict.fromkeys(name for values in scores.values() for name in values))
    rows = [Row(name, seed, values) for name, values in scores.items() for seed in range(seeds)]
    return Results(list(scores), columns, rows, **{"reference": "LS", "planned": len(rows), **kwargs})


@pytest.mark.parametrize(
    ("reference", "better", "higher_is_better"),
    [
        pytest.param(-1.0, -2.0, False, id="NLL"),
        pytest.param(0.2, -0.5, False, id="an NLL that crosses 0"),
        pytest.param(0.1, 0.0, False, id="no error at all"),
        pytest.param(-0.1, 0.2, True, id="R2"),
        pytest.param(0.0, 0.2, True, id="a correlation"),
        pytest.param(math.nan, 0.2, True, id="the reference diverged"),
        pytest.param(-math.inf, 5.0, False, id="and so is a loss without bound"),
    ],
)
def test_a_better_method_wins_whatever_the_sign(reference: float, better: float, higher_is_better: bool) -> None:
    directions = frozenset(["m"] if higher_is_better else [])
    forth = compared({"LS": {"m": reference}, "SI": {"m": better}}, higher_is_better=directions)
    back = compared({"LS": {"m": better}, "SI": {"m": reference}}, higher_is_better=directions)
    assert [paired_comparisons(one)[0].wins for one in (forth, back)] == [[1], [0]]


def test_one_metric_without_ratio_leaves_the_others_theirs() -> None:
    found = compared({"LS": {"nll": 0.2, "mu": 2.0}, "SI": {"nll": -0.5, "mu": 1.0}}, seeds=2)
    assert "\n| SI | 0, 1 | 0.500 | 0.500, 0.500 | 2 of 2 |\n" in paired_table(found)
    assert "Ratios leave out nll: values at or below 0 have none." in paired_table(found)


def test_all_methods_are_compared_in_the_same_metrics() -> None:
    # UW alone would have a ratio of NLLs: it would be of other metrics than SI's beside it.
    scores = {"LS": {"nll": 0.2, "mu": 2.0}, "SI": {"nll": -0.5, "mu": 1.0}, "UW": {"nll": 0.1, "mu": 2.0}}
    assert [pair.ratios for pair in paired_comparisons(compared(scores))] == [[pytest.approx(0.5)], [1.0]]


def test_of_positive_metrics_none_is_said_to_be_left_out() -> None:
    assert "leave out" not in paired_table(compared({"LS": {"mu": 2.0}, "SI": {"mu": math.nan}}))


def test_a_profile_does_not_turn_round_where_errors_are_negative() -> None:
    scores = {"good": {"nll": -0.5, "mu": 1.0}, "bad": {"nll": 0.2, "mu": 2.0}}
    assert performance_profiles(compared(scores)) == {"good": [1.0], "bad": [2.0]}


def test_a_profile_is_over_metrics_that_all_have() -> None:
    scores = {"LS": {"a": 2.0, "b": 1.0}, "SI": {"a": 1.0, "b": 3.0}, "only a": {"a": 4.0}}
    assert performance_profiles(compared(scores)) == {"LS": [2.0], "SI": [1.0], "only a": [4.0]}


@pytest.fixture
def partial() -> Results:
    """A method that is to have one metric only, in which it is the best, and one that diverged in the other."""
    scores = {"LS": {"a": 1.0, "b": 1.0}, "only a": {"a": 0.5}, "SI": {"a": 0.9, "b": math.nan}}
    return compared(scores, baseline=Baseline("", {"a": 1.0, "b": 1.0}))


def test_a_method_is_ranked_in_the_metrics_that_it_is_to_have(partial: Results) -> None:
    # In a: 3, 1, 2; in b: 1, none, 2. The mean of fewer ranks is not called the best.
    assert comparison_columns(partial)["MR ↓"] == ["**2.00**", "1.00", "**2.00**"]
    note = "A method without one of the metrics has no ∆m, and is ranked in those that it has."
    assert note in comparison_table(partial)


def test_a_metric_that_a_method_is_not_to_have_is_not_lost(partial: Results) -> None:
    table = paired_table(partial)
    assert "\n| only a | 0 | 0.500 | 0.500 | - | - | 1 of 1 |\n" in table
    assert "\n| SI | 0 | - | - | - | - | 1 of 2 |\n" in table  # which diverged


def test_methods_that_share_no_metric_are_not_compared() -> None:
    assert paired_comparisons(compared({"LS": {"a": 1.0}, "SI": {"b": 1.0}})) == []
