import itertools
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
from lightning_go4align.studies.profiles import performance_profiles
from lightning_go4align.studies.statistics import (
    Difference,
    differences,
    holm,
    interval,
    p_value,
    seeds_needed,
)


# As G*Power 3.1 gives them for the paired t test, two-sided, at a level of 0.05 and a power of 0.8.
@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_needed_are_those_of_other_software(effect: float, seeds: int) -> None:
    assert seeds_needed(effect, 1.0) == seeds


# `ceil(TTestPower().solve_power(effect, None, 0.05, 0.8))` of statsmodels 0.15.0, which counts the other tail, too.
@pytest.mark.parametrize(
    ("effect", "seeds"), [(0.15, 351), (0.3, 90), (0.6, 24), (0.9, 12), (1.3, 7), (2.0, 5), (3.0, 4)]
)
def test_seeds_needed_are_those_of_statsmodels(effect: float, seeds: int) -> None:
    assert seeds_needed(-effect, 1.0) == seeds


@pytest.mark.parametrize("effect", [1.3, 3.0])
def test_with_one_seed_fewer_a_difference_is_found_less_often(effect: float) -> None:
    def found(seeds: int) -> float:
        samples = np.random.default_rng(0).normal(effect, 1.0, size=(20_000, seeds))
        return float((stats.ttest_1samp(samples, 0.0, axis=1).pvalue < 0.05).mean())

    enough = int(seeds_needed(effect, 1.0))
    assert found(enough - 1) < 0.8 < found(enough)


@pytest.mark.parametrize(
    ("difference", "deviation", "seeds"),
    [(0.0, 1.0, math.inf), (0.0, 0.0, math.inf), (1e-9, 1.0, math.inf), (1.0, 0.0, 2), (1e6, 1.0, 2)],
)
def test_no_difference_needs_infinitely_many_seeds_and_one_without_spread_needs_two(
    difference: float, deviation: float, seeds: float
) -> None:
    assert seeds_needed(difference, deviation) == seeds


@pytest.mark.parametrize(
    ("seeds", "coverage"),
    [pytest.param(5, 0.82, id="four times in five"), pytest.param(10, 0.90, id="nine in ten"), (20, 0.93)],
)
def test_intervals_hold_the_mean_as_often_as_is_said(seeds: int, coverage: float) -> None:
    samples = np.random.default_rng(0).normal(3.0, 1.0, size=(200, seeds))
    hits = sum(low <= 3.0 <= high for low, high in map(interval, samples.tolist()))
    assert hits / 200 == pytest.approx(coverage, abs=0.08)  # three standard errors


def bca_of_all_resamples(values: list[float]) -> list[float]:
    """The interval without chance: of each resample there can be (Efron and Tibshirani, 1993, Eq. 14.10 to 14.15)."""
    sample = np.asarray(values)
    means = np.array([np.mean(resample) for resample in itertools.product(sample, repeat=len(sample))])
    margin = 1e-9  # for the same numbers, summed in another order
    bias = stats.norm.ppf(((means < sample.mean() - margin).mean() + (means <= sample.mean() + margin).mean()) / 2)
    left_out = np.array([np.delete(sample, k).mean() for k in range(len(sample))])
    deviations = left_out.mean() - left_out
    acceleration = (deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5)
    quantiles = bias + stats.norm.ppf([0.025, 0.975])
    ends: list[float] = np.quantile(means, stats.norm.cdf(bias + quantiles / (1 - acceleration * quantiles))).tolist()
    return ends


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([-2.9, 0.4, -3.8, -8.2, -0.2], id="to the left"),
        pytest.param([10.3, 7.4, 5.0, 5.6, 2.6], id="to the right"),
        pytest.param([1.0, 2.0, 4.0, 8.0, 16.0, 3.0], id="far to the right"),
    ],
)
def test_the_interval_is_that_of_all_resamples(values: list[float]) -> None:
    # Ties, and the chance of 9,999 resamples, move an end by some hundredths of the spread.
    assert interval(values) == pytest.approx(bca_of_all_resamples(values), abs=0.03 * np.ptp(values))


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf, 2.0, 3.0, 4.0]])
def test_what_cannot_be_known_is_not_a_number(values: list[float]) -> None:
    assert all(map(math.isnan, (*interval(values), p_value(values))))


def test_equal_differences_are_their_own_interval() -> None:
    assert interval([2.0] * 5) == (2.0, 2.0)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_makes_a_claim_stronger_nor_changes_the_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert all(value <= adjusted[name] <= 1 for name, value in p_values.items())
    ranked = sorted(p_values, key=lambda name: p_values[name])
    assert [adjusted[name] for name in ranked] == sorted(adjusted.values())


# `multipletests(p, method="holm")[1]` of statsmodels 0.15.0; the first ones are Benjamini and Hochberg's of 1995.
@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        (
            [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216],
            [0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615],
        ),
        ([0.04, 0.01, 0.9, 0.01, 0.3], [0.12, 0.05, 0.9, 0.05, 0.6]),
    ],
)
def test_holm_is_that_of_statsmodels(p_values: list[float], adjusted: list[float]) -> None:
    found = holm({str(place): value for place, value in enumerate(p_values)})
    assert list(found.values()) == pytest.approx(adjusted)


def test_the_p_value_is_that_of_students_own_data() -> None:
    # Hours of sleep that a drug adds (Student, 1908): in R, t.test(extra ~ group, sleep, paired = TRUE).
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    assert p_value([a - b for a, b in zip(first, second, strict=True)]) == pytest.approx(0.002833, abs=1e-6)


def test_holm_leaves_out_what_has_no_p_value() -> None:
    assert holm({"a": 0.02, "b": math.nan})["a"] == 0.02


def results(scores: dict[str, list[float]], baseline: Baseline | None = None, **kwargs: Any) -> Results:
    rows = [Row(name, seed, {"mu": value}) for name, values in scores.items() for seed, value in enumerate(values)]
    return Results(list(scores), ["mu"], rows, baseline=baseline, reference="LS", **kwargs)


def test_differences_are_those_of_delta_m_if_there_is_a_baseline() -> None:
    found = differences(results({"LS": [2.0, 3.0], "SI": [1.0, 2.5]}, Baseline("", {"mu": 2.0})))
    assert [one.values for one in found] == [(-50.0, -25.0)]


def test_without_a_baseline_they_are_logarithms_of_ratios() -> None:
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
