"""How far methods are from the best, over all metrics and seeds."""

import math

from lightning_go4align.studies.comparison import ratio_columns
from lightning_go4align.studies.results import Results, Row


def performance_profiles(results: Results) -> dict[str, list[float]]:
    """How far each method is from the best, on each metric and seed (Dolan and Moré, 2002).

    Args:
        results: The study's results.

    Returns:
        For each method its error over the best method's, ascending, one for each of :func:`profile_columns` and each
        seed that all have; infinite where it has no finite number.

    Example:
        >>> rows = [Row("LS", 0, {"mu": 1.0, "acc": 0.4}), Row("SI", 0, {"mu": 2.0, "acc": 0.8})]
        >>> performance_profiles(Results(["LS", "SI"], ["mu", "acc"], rows, frozenset(["acc"])))
        {'LS': [1.0, 2.0], 'SI': [1.0, 2.0]}
    """
    methods, columns = results.finished, profile_columns(results)
    found = {(row.method, row.seed): row for row in results.rows}
    seeds = sorted({row.seed for row in results.rows})
    shared = [seed for seed in seeds if all((name, seed) in found for name in methods)]
    ratios: dict[str, list[float]] = {name: [] for name in methods}
    for seed, column in ((seed, column) for seed in shared for column in columns):
        errors = {name: _error(results, found[name, seed], column) for name in methods}
        best = min(errors.values())
        for name, error in errors.items():
            ratios[name].append(error / best if math.isfinite(error) else math.inf)
    return {name: sorted(values) for name, values in ratios.items()}


def profile_columns(results: Results) -> list[str]:
    """Metrics that all methods have, and that have ratios.

    Args:
        results: The study's results.
    """
    shared = [set(results.columns_of(method)) for method in results.finished]
    return [name for name in ratio_columns(results) if all(name in columns for columns in shared)]


def _error(results: Results, row: Row, column: str) -> float:
    """A metric as an error: where higher is better, its inverse."""
    value = row.values[column]
    if not math.isfinite(value):
        return math.inf
    return 1 / value if column in results.higher_is_better else value
