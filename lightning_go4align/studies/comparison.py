"""Methods compared with one of them, paired by seed."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from lightning_go4align.studies.results import Results, Row


@dataclass(frozen=True)
class Comparison:
    """A method against the reference, for each seed that both have.

    Args:
        method: Name of the method.
        seeds: The seeds.
        columns: The metrics that both have.
        ratios: Geometric mean over the metrics of its errors over the reference's, one a seed; below 1 it is
            better. Where higher is better the ratio is turned over. Needs no baseline. Of the metrics that
            :func:`ratio_columns` names; NaN if there is none.
        differences: Its delta_m less the reference's, one a seed; empty without a baseline.
        wins: Number of metrics in which it is better, one a seed, whatever their signs; what diverged is worst.

    Example: See :func:`paired_comparisons`.
    """

    method: str
    seeds: list[int]
    columns: list[str]
    ratios: list[float]
    differences: list[float]
    wins: list[int]


def paired_comparisons(results: Results) -> list[Comparison]:
    """Compare each method with the study's reference.

    Seeds move all methods alike, and often more than methods differ: only differences within a seed mean anything.

    Args:
        results: Results with a reference.

    Returns:
        One comparison for each other method that shares a finished seed and a metric with the reference.

    Example:
        >>> rows = [Row("LS", 0, {"mu": 2.0, "r2": 8.0}), Row("SI", 0, {"mu": 1.0, "r2": 8.0})]
        >>> (comparison,) = paired_comparisons(Results(["LS", "SI"], ["mu", "r2"], rows, reference="LS"))
        >>> round(comparison.ratios[0], 4), comparison.wins
        (0.7071, [1])
    """
    found, with_ratio = {(row.method, row.seed): row for row in results.rows}, ratio_columns(results)
    reference = str(results.reference)
    of_reference = results.columns_of(reference)
    comparisons = []
    for method in results.finished:
        seeds = [row.seed for row in results.of(method) if (reference, row.seed) in found]
        columns = [name for name in results.columns_of(method) if name in of_reference]
        if method == reference or not seeds or not columns:
            continue
        pairs = [(found[method, seed], found[reference, seed]) for seed in seeds]
        differences = [results.delta_m(row) - results.delta_m(other) for row, other in pairs if results.baseline]
        in_ratio = [name for name in columns if name in with_ratio]
        ratios = [_ratio(results, row, other, in_ratio) for row, other in pairs]
        wins = [
            sum(_cost(results, row, name) < _cost(results, other, name) for name in columns) for row, other in pairs
        ]
        comparisons.append(Comparison(method, seeds, columns, ratios, differences, wins))
    return comparisons


def ratio_columns(results: Results) -> list[str]:
    """Metrics of which a ratio says something: those that are at or below 0 in no run.

    Twice an NLL of -1 is better than it, and no number is twice an error of 0.

    Args:
        results: The study's results.

    Example:
        >>> rows = [Row("LS", 0, {"mu": 2.0, "nll": 0.1}), Row("SI", 0, {"mu": 1.0, "nll": -0.5})]
        >>> ratio_columns(Results(["LS", "SI"], ["mu", "nll"], rows))
        ['mu']
    """

    def lowest(name: str) -> float:
        return min(filter(math.isfinite, (row.values.get(name, math.nan) for row in results.rows)), default=math.inf)

    return [name for name in results.columns if lowest(name) > 0]


def without_ratio(results: Results) -> str:
    """Say which metrics no ratio speaks of, and why; empty if there are none.

    Args:
        results: The study's results.

    Example:
        >>> rows = [Row("LS", 0, {"mu": 2.0, "nll": 0.1}), Row("SI", 0, {"mu": 1.0, "nll": -0.5})]
        >>> without_ratio(Results(["LS", "SI"], ["mu", "nll"], rows))
        'Ratios leave out nll: values at or below 0 have none.'
    """
    names = listed_without(results.columns, ratio_columns(results))
    return f"Ratios leave out {names}: values at or below 0 have none." if names else ""


def listed_without(names: Iterable[str], others: Iterable[str]) -> str:
    """List the names that are not among the others."""
    kept = list(others)
    return ", ".join(name for name in names if name not in kept)


def _ratio(results: Results, row: Row, other: Row, columns: list[str]) -> float:
    logs = [_log_ratio(results, row, other, name) for name in columns]
    return math.exp(statistics.fmean(logs)) if logs else math.nan


def _log_ratio(results: Results, row: Row, other: Row, name: str) -> float:
    """Logarithm of an error over the reference's; NaN unless both are finite."""
    value, reference = row.values[name], other.values[name]
    if not (math.isfinite(value) and math.isfinite(reference)):
        return math.nan
    return (-1 if name in results.higher_is_better else 1) * math.log(value / reference)


def _cost(results: Results, row: Row, name: str) -> float:
    """A metric, signed so that lower is better; infinite if it diverged."""
    value = row.values[name]
    if not math.isfinite(value):
        return math.inf
    return -value if name in results.higher_is_better else value
