"""Generated tasks in groups, with all labels or few: which method comes nearest to the best errors?"""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.table import Table
from torchjd.scalarization import FAMO, UW, Scalarizer, Sum

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.sharing import shrunk_to_group
from lightning_go4align.methods import DBMTL, SI, UWSO
from lightning_go4align.methods.loss_parts import ExponentialMean
from lightning_go4align.studies.statistics import holm, interval, p_value
from perf.generated_runs import Found, Make, Runs, Setting
from perf.tables import table

LEARNING_RATES = (1e-3, 3e-3, 1e-2, 3e-2)
CHOOSING_SEEDS = (100, 101)  # none of those that judge


def _robust(num_groups: int | None, smoothing: float) -> Callable[[int], Scalarizer]:
    return lambda tasks: RobustGO4Align(num_groups, smoothing=ExponentialMean(smoothing))


def _shrunk(tasks: int) -> Scalarizer:
    return RobustGO4Align(sharing=shrunk_to_group)


def _alone(smoothing: float) -> Callable[[int], Scalarizer]:
    return lambda tasks: RobustGO4Align(1, ungrouped, smoothing=ExponentialMean(smoothing))


# For each method its settings, of which one is chosen with the learning rate; the first is the first to be run.
METHODS: Mapping[str, Mapping[str, Make]] = {
    "robust, K chosen": {"": _robust(None, 0.9)},
    "robust, K = 3": {"": _robust(3, 0.9)},
    "robust, K = M": {"": _alone(0.9)},
    "robust, K chosen, shrunk": {"": _shrunk},
    "LS": {"": lambda tasks: Sum()},
    "UW": {"": UW},
    "SI": {"": lambda tasks: SI()},
    "FAMO": {"": partial(FAMO, weight_decay=1e-3)},
    "GO4Align, K = 3": {"": lambda tasks: GO4Align(3)},
    "UW-SO": {f"T = {t:g}": lambda tasks, t=t: UWSO(t) for t in (1.0, 10.0, 100.0)},  # type: ignore[misc]  # `t=t`
    "robust, K chosen, 0.99": {"": _robust(None, 0.99)},
    "robust, K = 3, 0.99": {"": _robust(3, 0.99)},
    "robust, K = M, 0.99": {"": _alone(0.99)},
    "DB-MTL": {"": lambda tasks: DBMTL()},
}


def generated_tasks(
    num_tasks: int = 40,
    label_fraction: float = 1.0,
    seeds: int = 10,
    epochs: int = 20,
    methods: Sequence[str] = tuple(METHODS),
    reference: str = "robust, K chosen",
    file: Path | None = None,
) -> Iterator[Table]:
    """Train on tasks in three groups of scales a factor of ten apart, each method with a learning rate of its own.

    The rate, and UW-SO's temperature, is chosen among 1e-3, 3e-3, 1e-2 and 3e-2 by the validation of two other
    seeds. A seed draws data, labels, network and batches.

    Args:
        num_tasks: Number of tasks, at least 3.
        label_fraction: Share of the training labels that is there, above 0.
        seeds: Number of seeds that judge.
        epochs: Passes over 2,048 rows, in 32 steps each.
        methods: Names of the methods.
        reference: The method that others are compared with, paired by seed.
        file: Where runs are kept: those that are there are not run again.

    Yields:
        A table of the results, and one of the differences from the reference.
    """
    runs = Runs(file)
    chosen, found = {}, {}
    for name in dict.fromkeys([reference, *methods]):
        setting, rate = chosen[name] = _choose(runs, name, num_tasks, label_fraction, epochs)
        make = METHODS[name][setting]
        found[name] = [
            runs.run(f"{name} {setting}", make, Setting(num_tasks, label_fraction, rate, seed, epochs))
            for seed in range(seeds)
        ]
    title = f"{num_tasks} tasks, {label_fraction:.0%} of the labels, {seeds} seeds"
    yield _results(title, chosen, found)
    yield _differences(f"The same: ∆m less that of {reference}, paired by seed", reference, found)


def _choose(runs: Runs, name: str, num_tasks: int, label_fraction: float, epochs: int) -> tuple[str, float]:
    """The setting and the learning rate with the best mean validation of two seeds."""

    def validation(tried: tuple[str, float]) -> float:
        make = METHODS[name][tried[0]]
        settings = [Setting(num_tasks, label_fraction, tried[1], seed, epochs) for seed in CHOOSING_SEEDS]
        mean = statistics.mean(runs.run(f"{name} {tried[0]}", make, one).validation for one in settings)
        return mean if math.isfinite(mean) else math.inf

    return min(((setting, rate) for setting in METHODS[name] for rate in LEARNING_RATES), key=validation)


def _results(title: str, chosen: Mapping[str, tuple[str, float]], found: Mapping[str, Sequence[Found]]) -> Table:
    results = table(title, "method", "learning rate", "∆m%", "worst task", "Rand index")
    for name, runs in found.items():
        setting, rate = chosen[name]
        agreements = [run.agreement for run in runs if run.agreement is not None]
        results.add_row(
            f"{name}, {setting}" if setting else name,
            f"{rate:g}",
            _with_spread([run.delta_m for run in runs], 2),
            _with_spread([run.worst for run in runs], 0),
            f"{statistics.mean(agreements):.3f}" if agreements else "-",
        )
    return results


def _with_spread(values: Sequence[float], digits: int) -> str:
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def _differences(title: str, reference: str, found: Mapping[str, Sequence[Found]]) -> Table:
    results = table(title, "method", "difference", "95 % interval", "better in", "p (Holm)")
    differences = {
        name: [run.delta_m - beside.delta_m for run, beside in zip(runs, found[reference], strict=True)]
        for name, runs in found.items()
        if name != reference
    }
    p_values = holm({name: p_value(values) for name, values in differences.items()})
    for name, values in differences.items():
        low, high = interval(values)
        results.add_row(
            name,
            f"{statistics.mean(values):+.2f}",
            f"[{low:+.2f}, {high:+.2f}]" if math.isfinite(low) else "-",
            f"{sum(value < 0 for value in values)} of {len(values)}",
            f"{p_values[name]:.2g}",
        )
    return results
