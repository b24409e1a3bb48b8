"""Mean ranks of methods."""

import math
import statistics
from collections.abc import Sequence

from lightning_go4align.studies.results import Results


def mean_ranks(results: Results) -> list[float]:
    """Rank the methods in each metric among those that have it, and average each one's ranks over those that it has.

    What diverged is worst. A metric that a method is not to have says nothing against it.

    Args:
        results: The study's results.

    Returns:
        Mean ranks of the methods with a finished run.

    Example:
        >>> from lightning_go4align.studies.results import Row
        >>> rows = [Row("LS", 0, {"mu": 0.6, "r2": 8.0}), Row("SI", 0, {"mu": 0.5, "r2": math.nan})]
        >>> mean_ranks(Results(["LS", "SI", "mu"], ["mu", "r2"], [*rows, Row("mu", 0, {"mu": 0.4})]))
        [2.0, 2.0, 1.0]
    """
    ranks: dict[str, list[float]] = {name: [] for name in results.finished}
    for column in results.columns:
        having = [name for name in results.finished if column in results.columns_of(name)]
        for name, rank in zip(having, _ranks(results, column, having), strict=True):
            ranks[name].append(rank)
    return [statistics.mean(found) if found else math.nan for found in ranks.values()]


def _ranks(results: Results, column: str, methods: Sequence[str]) -> list[float]:
    """Ranks in one column among the methods that have it."""
    import torch  # takes seconds, which a study's plan need not wait for

    from lightning_go4align.functional.relative import mean_rank

    means = [[statistics.mean(row.values[column] for row in results.of(name))] for name in methods]
    values = torch.tensor(means, dtype=torch.float64).reshape(-1, 1)
    values[values.isinf()] = torch.nan  # the worst, also where higher is better
    ranks: list[float] = mean_rank(values, torch.tensor([column in results.higher_is_better])).tolist()
    return ranks
