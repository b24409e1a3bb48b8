"""What a training step of each method costs beside a plain sum's, on QM9's quick network.

Run it as ``python -m lightning_go4align.studies.method_ratios``. Each method is measured next to the plain sum, on
the same batches, one thread and the processor's clock; the ratios are medians.
"""

import logging
import statistics
import warnings
from functools import partial
from pathlib import Path

import lightning.pytorch as pl
import torch
import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from jsonargparse import ArgumentParser, auto_cli
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule, QM9Module, WarmupCosine
from lightning_go4align.benchmarks.step_ratio import StepMonitor

QUICK = partial(DenseMPNN, edge_width=32)


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


def method_ratios(folder: Path = Path("configs/qm9"), rounds: int = 4, steps: int = 8, reference: str = "ls") -> str:
    """Measure the training step of every method of a folder.

    Args:
        folder: Holds a configuration for each.
        rounds: How often each is measured, next to the reference.
        steps: Steps of a measurement.
        reference: Name of the file that the others are compared with.
    """
    files = [file for file in sorted(folder.glob("*.yaml")) if method_of(file) is not None]
    data = QM9DataModule(num_train=16 * (steps + 1), num_val=1, num_test=1, batch_size=16, num_chunks=1)
    plain = folder / f"{reference}.yaml"
    seconds: dict[str, list[float]] = {file.stem: [] for file in files}
    ratios: dict[str, list[float]] = {file.stem: [] for file in files}
    _seconds_a_step(plain, data, steps)  # The first fit of a process is slower.
    for file in files * rounds:
        own, others = _seconds_a_step(file, data, steps), _seconds_a_step(plain, data, steps)
        seconds[file.stem].append(own)
        ratios[file.stem].append(own / others)
    lines = [f"{'method':24} {'s a step':>8} {'ratio':>6}"]
    for name, values in ratios.items():
        lines.append(f"{name:24} {statistics.median(seconds[name]):8.3f} {statistics.median(values):6.2f}")
    return "\n".join(lines)


def _seconds_a_step(file: Path, data: QM9DataModule, steps: int) -> float:
    pl.seed_everything(0, verbose=False)
    method, monitor = method_of(file), StepMonitor()
    assert method is not None
    # The monitor leaves out the first step.
    trainer = pl.Trainer(max_steps=steps + 1, callbacks=monitor, accelerator="cpu", barebones=True)
    trainer.fit(QM9Module(method, network=QUICK, schedule=WarmupCosine()), datamodule=data)
    return statistics.mean(monitor.seconds)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # Lightning on loaders, the solvers on their problems
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    print(auto_cli(method_ratios, as_positional=False))  # noqa: T201  # the answer of the command
