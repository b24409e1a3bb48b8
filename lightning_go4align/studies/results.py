"""What a study found."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from lightning_go4align.studies.logs import known_median


@dataclass(frozen=True)
class Baseline:
    """Metrics of single-task networks.

    Args:
        about: Where they are from; tables say it.
        values: The metrics by the names of columns.

    Example:
        >>> Baseline("measured", {"mu": 0.5}).values["mu"]
        0.5
    """

    about: str
    values: dict[str, float]


@dataclass(frozen=True)
class Row:
    """A finished run.

    Args:
        method: Name of the method.
        seed: Its seed.
        values: Metrics by the names of columns.
        learning_rate: If the study names it.
        seconds: Seconds of a training epoch: median.
        cpu_seconds: The same on the processor's clock, which other processes do not disturb.
        memory: Most memory that was in use, in MiB: of the GPU if there is one, else of the process.
        folder: Where its logs and checkpoints are.

    Example:
        >>> Row("LS", 0, {"mu": 0.6}).seed
        0
    """

    method: str
    seed: int
    values: dict[str, float]
    learning_rate: float | None = None
    seconds: float = math.nan
    cpu_seconds: float = math.nan
    memory: float = math.nan
    folder: Path = Path()


@dataclass(frozen=True)
class Results:
    """Finished runs of a study, one a method and seed.

    Args:
        methods: Names of the methods in the study's order, also of those without a finished run.
        columns: Names of the metrics.
        rows: The finished runs.
        higher_is_better: Those metrics that are better when higher.
        baseline: What delta_m compares with.
        reference: The method that others are compared with.
        x: Where methods stand on the axis of a figure over a parameter.
        planned: Number of runs of the whole study.

    Example:
        >>> baseline = Baseline("measured", {"mu": 0.5})
        >>> results = Results(["LS"], ["mu"], [Row("LS", 0, {"mu": 0.6})], baseline=baseline)
        >>> results.delta_m(results.rows[0])
        20.0
    """

    methods: list[str]
    columns: list[str]
    rows: list[Row]
    higher_is_better: frozenset[str] = frozenset()
    baseline: Baseline | None = None
    reference: str | None = None
    x: dict[str, float] = field(default_factory=dict)
    planned: int = 0

    def of(self, method: str) -> list[Row]:
        """Finished runs of a method."""
        return [row for row in self.rows if row.method == method]

    @property
    def finished(self) -> list[str]:
        """Methods that have a finished run."""
        return [method for method in self.methods if self.of(method)]

    def columns_of(self, method: str) -> list[str]:
        """Metrics that a method has; one that it is not to have is in none of its rows, one that diverged is NaN."""
        rows = self.of(method)
        return [name for name in self.columns if all(name in row.values for row in rows)]

    def delta_m(self, row: Row) -> float:
        """Mean change of a run's metrics against the baseline, in percent (:func:`delta_m`).

        NaN unless the run has a finite number for every metric.
        """
        if self.baseline is None:
            raise ValueError("delta_m compares with single-task networks. Give the study a `baseline`.")
        import torch  # takes seconds, which a study's plan need not wait for

        from lightning_go4align.functional.relative import delta_m

        base = [self.baseline.values[name] for name in self.columns]
        values = torch.tensor([row.values.get(name, math.nan) for name in self.columns], dtype=torch.float64)
        if not values.isfinite().all():
            return math.nan
        higher_is_better = torch.tensor([name in self.higher_is_better for name in self.columns])
        return round(delta_m(values, torch.tensor(base, dtype=torch.float64), higher_is_better).item(), 10)

    def scores(self) -> dict[str, list[float]]:
        """The delta_m of each seed, for each method with a finished run."""
        return {method: [self.delta_m(row) for row in self.of(method)] for method in self.finished}

    def seconds(self) -> dict[str, float]:
        """Seconds of an epoch for each method with a finished run: on the processor's clock, as others run beside.

        The median of the runs that logged them; NaN if none did.
        """
        return {method: known_median(row.cpu_seconds for row in self.of(method)) for method in self.finished}
