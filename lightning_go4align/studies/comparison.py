"""Methods compared with one of them, paired by seed."""

import math
from dataclasses import dataclass

from lightning_go4align.studies.results import Results, Row


@dataclass(frozen=True)
class Comparison:
    """A method against the reference, for each seed that both have.

    Args:
        method: Name of the method.
        seeds: The seeds.
        ratios: Geometric mean over the metrics of its errors over the reference's, one a seed; below 1 it is
            better. Where higher is better the ratio is turned over. Needs no baseline.
        differences: Its delta_m less the reference's, one a seed; empty without a baseline.
        wins: Number of metrics in which it is better, one a seed.

    Example: See :func:`paired_comparisons`.
    """

    method: str
    seeds: list[int]
    ratios: list[float]
    differences: list[float]
    wins: list[int]


def paired_comparisons(results: Results) -> list[Comparison]:
    """Compare each method with the study's reference.

    Seeds move all methods alike, and often more than methods differ: only differences within a seed mean anything.

    Args:
        results: Results with a reference.

    Returns:
        One comparison for each other method that shares a finished seed with the reference.

    Example:
        >>> rows = [Row("LS", 0, {"mu": 2.0, "r2": 8.0}), Row("SI", 0, {"mu": 1.0, "r2": 8.0})]
        >>> (comparison,) = paired_comparisons(Results(["LS", "SI"], ["mu", "r2"], rows, reference="LS"))
        >>> round(comparison.ratios[0], 4), comparison.wins
        (0.7071, [1])
    """
    found = {(row.method, row.seed): row for row in results.rows}
    comparisons = []
    for method in results.finished:
        seeds = [row.seed for row in results.of(method) if (results.reference, row.seed) in found]
        if method == results.reference or not seeds:
            continue
        pairs = [(found[method, seed], found[str(results.reference), seed]) for seed in seeds]
        differences = [results.delta_m(row) - results.delta_m(other) for row, other in pairs if results.baseline]
        logs = [_log_ratios(results, row, other) for row, other in pairs]
        ratios = [math.exp(sum(ratio) / len(ratio)) for ratio in logs]
        wins = [sum(value < 0 for value in ratio) for ratio in logs]
        comparisons.append(Comparison(method, seeds, ratios, differences, wins))
    return comparisons


def _log_ratios(results: Results, row: Row, other: Row) -> list[float]:
    """Logarithm of each error over the reference's; NaN unless both are positive and finite."""
    logs = []
    for name in results.columns:
        value, reference = row.values.get(name, math.nan), other.values.get(name, math.nan)
        sign = -1 if name in results.higher_is_better else 1
        is_ratio = 0 < value < math.inf and 0 < reference < math.inf
        logs.append(sign * math.log(value / reference) if is_ratio else math.nan)
    return logs
