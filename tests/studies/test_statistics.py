import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lightning_go4align.studies import Baseline, Results, Row
from lightning_go4align.studies.plots.statistics import corrected, intervals, needed_seeds, profiles
from lightning_go4align.studies.statistics import (
    Difference,
    differences,
    holm,
    interval,
    p_value,
    performance_profiles,
    seeds_needed,
)


# As G*Power 3.1 gives them for the paired t test, two-sided, at a level of 0.05 and a power of 0.8.
@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_needed_are_those_of_other_software(effect: float, seeds: int) -> None:
    assert seeds_needed(effect, 1.0) == seeds


def test_seeds_needed_find_the_difference_four_times_in_five() -> None:
    samples = np.random.default_rng(0).normal(0.8, 1.0, size=(4000, int(seeds_needed(0.8, 1.0))))
    found = (stats.ttest_1samp(samples, 0.0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.82, abs=0.03)  # 4 in 5, and what the next whole number adds


@pytest.mark.parametrize(
    ("difference", "deviation", "seeds"),
    [(0.0, 1.0, math.inf), (0.0, 0.0, math.inf), (1e-9, 1.0, math.inf), (1.0, 0.0, 2), (1e6, 1.0, 2)],
)
def test_no_difference_needs_infinitely_many_seeds_and_one_without_spread_needs_two(
    difference: float, deviation: float, seeds: float
) -> None:
    assert seeds_needed(difference, deviation) == seeds


def test_intervals_of_twenty_seeds_hold_the_mean_as_often_as_they_say() -> None:
    samples = np.random.default_rng(0).normal(3.0, 1.0, size=(100, 20))
    hits = sum(low <= 3.0 <= high for low, high in map(interval, samples.tolist()))
    assert 0.85 <= hits / 100 <= 0.99  # three standard errors around 93 %, which BCa reaches with 20


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf, 2.0]])
def test_what_cannot_be_known_is_not_a_number(values: list[float]) -> None:
    assert all(map(math.isnan, (*interval(values), p_value(values))))


def test_equal_differences_are_their_own_interval() -> None:
    assert interval([2.0, 2.0, 2.0]) == (2.0, 2.0)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_makes_a_claim_stronger_nor_changes_the_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert all(value <= adjusted[name] <= 1 for name, value in p_values.items())
    ranked = sorted(p_values, key=lambda name: p_values[name])
    assert [adjusted[name] for name in ranked] == sorted(adjusted.values())


def test_holm_leaves_out_what_has_no_p_value() -> None:
    assert holm({"a": 0.02, "b": math.nan})["a"] == 0.02


def results(scores: dict[str, list[float]], baseline: Baseline | None = None, **kwargs: Any) -> Results:
    rows = [Row(name, seed, {"mu": value}) for name, values in scores.items() for seed, value in enumerate(values)]
    return Results(list(scores), ["mu"], rows, baseline=baseline, reference="LS", **kwargs)


def test_differences_are_those_of_delta_m_if_there_is_a_baseline() -> None:
    found = differences(results({"LS": [2.0, 3.0], "SI": [1.0, 2.5]}, Baseline("", {"mu": 2.0})))
    assert [one.values for one in found] == [(-50.0, -25.0)]


def test_without_a_baseline_they_are_of_errors_in_percent() -> None:
    (found,) = differences(results({"LS": [2.0, 3.0], "SI": [1.98, 3.0]}))
    assert found.values == pytest.approx((-1.005, 0.0), abs=1e-3)  # 100 log 0.99


def test_a_diverged_seed_leaves_no_interval_and_no_p_value() -> None:
    (found,) = differences(results({"LS": [2.0, 3.0, 1.0], "SI": [1.0, math.inf, 1.0]}))
    assert all(map(math.isnan, (found.low, found.high, found.p_value, found.adjusted, found.seeds_needed)))


def test_who_diverges_is_within_no_factor_of_the_best() -> None:
    profile = performance_profiles(results({"LS": [2.0, 3.0], "SI": [1.0, math.nan]}))
    assert profile == {"LS": [1.0, 2.0], "SI": [1.0, math.inf]}


def test_profiles_are_over_seeds_that_all_have() -> None:
    assert performance_profiles(results({"LS": [2.0, 3.0], "SI": [1.0]})) == {"LS": [2.0], "SI": [1.0]}


@pytest.fixture
def noisy() -> list[Difference]:
    generator = np.random.default_rng(0)
    scores = {"LS": generator.normal(5, 0.1, 6).tolist()}
    scores |= {f"method {k}": generator.normal(5 - k, 0.3, 6).tolist() for k in range(4)}
    return differences(results(scores))


def test_every_difference_has_a_row_with_its_interval(noisy: list[Difference]) -> None:
    axes = intervals(noisy, "LS").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [one.method for one in noisy]
    drawn = [(np.asarray(line.get_xdata()), line.get_linewidth()) for line in axes.lines]
    lines = [x for x, width in drawn if len(x) == 2 and width == 2]
    assert [tuple(line) for line in lines] == [(one.low, one.high) for one in noisy]


@pytest.mark.parametrize("draw", [corrected, needed_seeds])
def test_a_difference_without_numbers_spoils_no_picture(noisy: list[Difference], draw: Callable[..., Any]) -> None:
    (diverged,) = differences(results({"LS": [2.0, 3.0, 1.0], "SI": [1.0, math.inf, 1.0]}))
    assert draw([*noisy, diverged]).axes


@pytest.mark.parametrize(
    "draw", [corrected, needed_seeds, lambda found: intervals(found, "LS"), lambda _: profiles({})]
)
def test_pictures_of_nothing_are_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="Finish a run of it first"):
        draw([])
