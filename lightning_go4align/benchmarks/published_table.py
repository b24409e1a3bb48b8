"""A printed table of the paper: what to compare a run with."""

from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """One method as printed: its metrics, its mean rank and its delta_m in percent.

    Example:
        >>> Row((74.54, 93.29, 0.0145, 32.59), mean_rank=5.5, delta_m=8.13).delta_m
        8.13
    """

    values: tuple[float, ...]
    mean_rank: float
    delta_m: float


class PublishedTable(NamedTuple):
    """Single-task values, their directions, and the methods of one table.

    Example:
        >>> table = PublishedTable({"miou": 38.3}, frozenset(["miou"]), {"LS": Row((39.3,), 1, -2.6)})
        >>> table.rank_among_methods({"miou": 40.0})
        1.0
    """

    single_task: Mapping[str, float]
    higher_is_better: frozenset[str]
    rows: Mapping[str, Row]

    def rank_among_methods(self, values: Mapping[str, float]) -> float:
        """Return the mean rank (MR) of a run added to the methods of the table; it depends on that set."""
        import torch  # takes seconds, which a reader of the table need not wait for

        from lightning_go4align.functional.relative import mean_rank

        metrics = [[values[name] for name in self.single_task], *(row.values for row in self.rows.values())]
        higher_is_better = torch.tensor([name in self.higher_is_better for name in self.single_task])
        return float(mean_rank(torch.tensor(metrics, dtype=torch.float64), higher_is_better)[0])
