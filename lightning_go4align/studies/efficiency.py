"""What grouping costs: ``python -m lightning_go4align.studies.efficiency [clustering|call|network|ratio ...]``.

Everything is measured in one run on one thread, the competitors in turn; times are medians. On another machine only
their ratios mean anything.
"""

import argparse
import contextlib
import io
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

import kmeans_pytorch
import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans
from torch import nn
from torchjd.scalarization import Scalarizer, Sum
from typing_extensions import override

from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule, QM9Module, WarmupCosine
from lightning_go4align.benchmarks.qm9.graphs import QM9GraphDataModule
from lightning_go4align.benchmarks.qm9.mpnn import MPNN
from lightning_go4align.functional.grouping import kmeans_1d
from lightning_go4align.methods import GO4Align

SIZES = ((3, 2), (11, 5), (40, 5), (200, 5), (1000, 5))  # numbers of tasks and of groups


def medians(competitors: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1) -> dict[str, float]:
    """Time functions in turn, so that what disturbs one disturbs all.

    Args:
        competitors: Functions by name; the first round does not count.
        rounds: How often each is timed.
        calls: Calls in a row that are timed together.

    Returns:
        Median times, in seconds.

    Example:
        >>> list(medians({"sum": lambda: sum(range(9))}, rounds=2))
        ['sum']
    """
    times: dict[str, list[float]] = {name: [] for name in competitors}
    for turn in range(rounds + 1):
        for name, function in competitors.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            if turn > 0:
                times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}


def clustering() -> Table:
    """Compare solvers of Eq. 3 on random points.

    Returns:
        Microseconds a call.
    """
    table = _table("Clustering, µs a call", "M", "K", "kmeans_1d", "kmeans-pytorch", "scikit-learn", "ratio")
    np.random.seed(0)  # noqa: NPY002  # kmeans-pytorch draws from the global generator
    for m, k in SIZES:
        points = torch.rand(m, generator=torch.Generator().manual_seed(m))
        competitors: dict[str, Callable[[], object]] = {
            # mypy does not infer the type of a lambda's default.
            "ours": lambda points=points, k=k: kmeans_1d(points, k),  # type: ignore[misc]
            "theirs": lambda points=points, k=k: _kmeans_pytorch(points, k),  # type: ignore[misc]
            "sklearn": lambda points=points, k=k: KMeans(k, n_init=10).fit(points[:, None].numpy()),  # type: ignore[misc]
        }
        ours, theirs, sklearn = medians(competitors, rounds=9, calls=10).values()
        table.add_row(
            *map(str, (m, k)), *(f"{1e6 * t:,.0f}" for t in (ours, theirs, sklearn)), f"{theirs / ours:.1f}"
        )
    return table


def _kmeans_pytorch(points: torch.Tensor, num_clusters: int) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        kmeans_pytorch.kmeans(X=points[:, None], num_clusters=num_clusters, device=points.device)


def call() -> Table:
    """Time a whole call of GO4Align: indicators, clustering, objective.

    Returns:
        Microseconds a call.
    """
    table = _table("A call of GO4Align, µs", "M", "K", "GO4Align", "plain sum")
    for m, k in SIZES:
        losses = torch.rand(m, generator=torch.Generator().manual_seed(m)).requires_grad_()
        method, plain = GO4Align(k), Sum()
        times = medians({"go4align": lambda: method(losses), "sum": lambda: plain(losses)}, rounds=20, calls=20)  # noqa: B023  # called at once
        table.add_row(str(m), str(k), *(f"{1e6 * t:,.0f}" for t in times.values()))
    return table


def network(batch_size: int = 120, rounds: int = 3) -> Table:
    """Time a training step of both QM9 networks on real molecules, loading included.

    Args:
        batch_size: Molecules of a batch.
        rounds: Steps of each.

    Returns:
        Seconds a step.
    """
    molecules = (rounds + 2) * batch_size
    steps = {
        "PyG": _steps(QM9GraphDataModule(num_train=molecules, num_val=1, num_test=1, batch_size=batch_size), MPNN),
        "dense": _steps(QM9DataModule(num_train=molecules, num_val=1, num_test=1, batch_size=batch_size), DenseMPNN),
    }
    times = medians(steps, rounds)
    table = _table(f"A QM9 training step of {batch_size} molecules, s", "MPNN, PyG", "DenseMPNN", "ratio")
    table.add_row(*(f"{t:.3f}" for t in times.values()), f"{times['PyG'] / times['dense']:.1f}")
    return table


def _steps(data: QM9DataModule, make: Callable[[int], nn.Module]) -> Callable[[], object]:
    data.prepare_data()
    data.setup("fit")
    module, batches = QM9Module(Sum(), network=make), iter(data.train_dataloader())
    optimizer = torch.optim.Adam(module.parameters())

    def step() -> None:
        losses = module.training_step(next(batches), 0)
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]  # torch's stub
        optimizer.step()

    return step


def ratio(rounds: int = 15, steps: int = 12) -> Table:
    """Compare the Lightning training step of GO4Align with that of a plain sum, on the quick budget of QM9.

    Args:
        rounds: Short fits of each, in turn.
        steps: Steps of each fit; the first two are not counted.

    Returns:
        Milliseconds a step and their ratio.
    """
    data = QM9DataModule(num_train=16 * steps, num_val=1, num_test=1, batch_size=16, num_chunks=2)
    times: dict[str, list[float]] = {"GO4Align": [], "Sum": []}
    for _ in range(rounds):
        for method in (GO4Align(num_groups=5), Sum()):
            times[type(method).__name__] += _fit_times(method, data, steps)[2:]
    ours, plain = (statistics.median(values) for values in times.values())
    table = _table("A Lightning step of QM9 quick, ms", "GO4Align", "plain sum", "ratio")
    table.add_row(f"{1e3 * ours:.2f}", f"{1e3 * plain:.2f}", f"{ours / plain:.3f}")
    return table


class _Clock(Callback):
    def __init__(self) -> None:
        self.times: list[float] = []

    @override
    def on_train_batch_start(self, *_: object) -> None:
        self.start = time.perf_counter()

    @override
    def on_train_batch_end(self, *_: object) -> None:
        self.times.append(time.perf_counter() - self.start)


def _fit_times(method: Scalarizer, data: QM9DataModule, steps: int) -> list[float]:
    pl.seed_everything(0, verbose=False)
    clock = _Clock()
    trainer = pl.Trainer(
        max_steps=steps,
        callbacks=clock,
        accelerator="cpu",
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(QM9Module(method, schedule=WarmupCosine()), datamodule=data)
    return clock.times


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table


MEASUREMENTS: dict[str, Callable[[], Table]] = {
    "clustering": clustering,
    "call": call,
    "network": network,
    "ratio": ratio,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables that are asked for, or all.

    Args:
        arguments: Of the command line; those of the process if not given.

    Example:
        >>> main(["call"])  # doctest: +SKIP
    """
    parser = argparse.ArgumentParser(prog="python -m lightning_go4align.studies.efficiency", description=__doc__)
    parser.add_argument("measurements", nargs="*", help=f"{', '.join(MEASUREMENTS)}; all if none is named")
    names: Iterable[str] = parser.parse_args(arguments).measurements or MEASUREMENTS
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=UserWarning)
    for name in names:
        Console().print(MEASUREMENTS[name]())


if __name__ == "__main__":
    main()
