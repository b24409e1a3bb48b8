"""What differences between methods are worth: intervals, tests, and how many seeds it would take."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from lightning_go4align.studies.comparison import Comparison, paired_comparisons
from lightning_go4align.studies.results import Results

CONFIDENCE, LEVEL, POWER = 0.95, 0.05, 0.8
RESAMPLES = 9999
FEWEST_SEEDS = 5  # of an interval: of two it would hold the mean every other time, of three two times in three
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Difference:
    """How a method's score differs from the reference's over the seeds that both have.

    Args:
        method: Name of the method.
        values: The differences, one per seed; below 0 the method is better. Of delta_m in percentage points, or 100
            times the logarithm of the ratio of errors (log points): :func:`differences`.
        low: Lower end of the mean's 95 % interval, by the bootstrap (BCa); NaN for fewer than five seeds.
        high: Its upper end.
        p_value: Of a paired t test.
        adjusted: The same, corrected for the number of methods (Holm).
        seeds_needed: Seeds with which such a test finds a difference of this size and spread four times in five;
            infinite if there is none.
    """

    method: str
    values: tuple[float, ...]
    low: float
    high: float
    p_value: float
    adjusted: float
    seeds_needed: float

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(np.mean(self.values))

    @property
    def wins(self) -> int:
        """Number of seeds in which the method is better."""
        return sum(value < 0 for value in self.values)


def differences(results: Results) -> list[Difference]:
    """Compare each method with the study's reference, within seeds.

    Of delta_m in percentage points, if the study has a baseline; else of errors in log points, 100 times the
    logarithm of their geometric mean over the reference's: 5 of them are about 5 %, -70 are half of it, and there
    is none if no metric has a ratio. Seeds of which a run has no number count as what they are: no interval.

    Args:
        results: Results with a reference.

    Example:
        >>> from lightning_go4align.studies.results import Row
        >>> scores = {"LS": [2.0, 3.0, 4.0, 2.0, 3.0], "SI": [1.0, 2.5, 2.9, 1.5, 1.8]}
        >>> rows = [Row(name, seed, {"mu": x}) for name, values in scores.items() for seed, x in enumerate(values)]
        >>> (found,) = differences(Results(list(scores), ["mu"], rows, reference="LS"))
        >>> found.wins, round(found.mean), round(found.low), round(found.high), round(found.p_value, 2)
        (5, -40, -58, -27, 0.01)
    """
    pairs = {pair.method: _values(results, pair) for pair in paired_comparisons(results)}
    p_values = {name: p_value(values) for name, values in pairs.items()}
    adjusted = holm(p_values)
    return [
        Difference(name, values, *interval(values), p_values[name], adjusted[name], _needed(values))
        for name, values in pairs.items()
    ]


def _values(results: Results, pair: Comparison) -> tuple[float, ...]:
    if results.baseline is not None:
        return tuple(pair.differences)
    return tuple(100 * math.log(ratio) for ratio in pair.ratios)


def _needed(values: Sequence[float]) -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    return seeds_needed(float(np.mean(values)), float(np.std(values, ddof=1)))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean, by the bias-corrected and accelerated bootstrap.

    Of few values it is too short: of five it covers the mean four times in five, of ten nine times in ten. Of fewer
    there is none: it would cover the mean of two every other time.

    Args:
        values: The values, one per seed.

    Returns:
        Its ends; NaN for fewer than five values, or if one is not finite.
    """
    sample = np.asarray(values, dtype=float)
    if len(sample) < FEWEST_SEEDS or not np.isfinite(sample).all():
        return math.nan, math.nan
    if np.ptp(sample) == 0:
        return float(sample[0]), float(sample[0])
    found = stats.bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, rng=np.random.default_rng(0)
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def p_value(values: Sequence[float]) -> float:
    """Of a two-sided t test that the mean is 0; NaN for fewer than two values, equal ones, or one that is not finite.

    Args:
        values: The values, one per seed.
    """
    sample = np.asarray(values, dtype=float)
    if len(sample) < 2 or not np.isfinite(sample).all() or np.ptp(sample) == 0:
        return math.nan
    return float(stats.ttest_1samp(sample, 0.0).pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Correct p-values for their number, so that the chance of any wrong claim stays below the level (Holm, 1979).

    Args:
        p_values: The p-values by name; those that are NaN stay so and do not count.

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    known = sorted((value, name) for name, value in p_values.items() if not math.isnan(value))
    adjusted, highest = dict(p_values), 0.0
    for rank, (value, name) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        adjusted[name] = highest
    return adjusted


def seeds_needed(difference: float, deviation: float) -> float:
    """Seeds with which a paired t test at 5 % finds a difference four times in five.

    Args:
        difference: The mean difference that is claimed.
        deviation: Standard deviation of the differences over seeds, in the same unit.

    Returns:
        At least 2; infinite if it would be more than ten thousand.

    Example:
        >>> seeds_needed(1.0, 1.0)  # as G*Power has it
        10.0
    """
    effect = abs(difference) / deviation if deviation else math.inf * abs(difference)
    if math.isnan(effect) or _power(effect, MOST_SEEDS) < POWER:
        return math.inf
    low, high = 1, MOST_SEEDS  # too few, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(effect, middle) >= POWER else (middle, high)
    return float(high)


def _power(effect: float, seeds: int) -> float:
    """Chance that the test finds an effect, the difference in units of its standard deviation."""
    if math.isinf(effect):
        return 1.0
    freedom, shift = seeds - 1, effect * math.sqrt(seeds)
    bound = stats.t.isf(LEVEL / 2, freedom)
    # The other tail counts too little to matter, and underflows to NaN for large effects.
    return float(stats.nct.sf(bound, freedom, shift))
