"""What a training step of each method costs beside a plain sum's, on QM9's quick network."""

import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import yaml
from jsonargparse import ArgumentParser
from rich.table import Table
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule
from perf.qm9_steps import fit_seconds
from perf.tables import table

QUICK = partial(DenseMPNN, edge_width=32)


def method_ratios(
    folder: Path = Path("configs/qm9"), rounds: int = 4, steps: int = 8, reference: str = "ls"
) -> Iterator[Table]:
    """Measure the training step of every method of a folder, next to a reference, on the same batches.

    Args:
        folder: Holds a configuration for each.
        rounds: How often each is measured, next to the reference.
        steps: Steps of a measurement.
        reference: Name of the file that the others are compared with.

    Yields:
        A table of medians.
    """
    files = [file for file in sorted(folder.glob("*.yaml")) if method_of(file) is not None]
    data = QM9DataModule(num_train=16 * (steps + 1), num_val=1, num_test=1, batch_size=16, num_chunks=1)
    plain = folder / f"{reference}.yaml"
    seconds: dict[str, list[float]] = {file.stem: [] for file in files}
    ratios: dict[str, list[float]] = {file.stem: [] for file in files}
    _mean_seconds(plain, data, steps)  # The first fit of a process is slower.
    for file in files * rounds:
        own, others = _mean_seconds(file, data, steps), _mean_seconds(plain, data, steps)
        seconds[file.stem].append(own)
        ratios[file.stem].append(own / others)
    medians = table(f"A step of {folder}, beside {reference}", "method", "s", "ratio")
    for name, values in ratios.items():
        medians.add_row(name, f"{statistics.median(seconds[name]):.3f}", f"{statistics.median(values):.2f}")
    yield medians


def method_of(config: Path) -> Scalarizer | Aggregator | None:
    """Build the method that a configuration names.

    Args:
        config: YAML file.

    Returns:
        Its ``model.method``; None if it has none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "ls.yaml")
        ...     _ = file.write_text("model: {init_args: {method: torchjd.scalarization.Sum}}")
        ...     method_of(file)
        Sum()
    """
    named = yaml.safe_load(config.read_text()).get("model", {}).get("init_args", {}).get("method")
    if named is None:
        return None
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer | Aggregator)
    method: Scalarizer | Aggregator = parser.instantiate(parser.parse_object({"method": named})).method
    return method


def _mean_seconds(file: Path, data: QM9DataModule, steps: int) -> float:
    method = method_of(file)
    assert method is not None
    return statistics.mean(fit_seconds(method, data, steps, network=QUICK))
