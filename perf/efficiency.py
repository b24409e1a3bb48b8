"""What grouping costs. On another machine only the ratios mean anything."""

import contextlib
import io
import statistics
from collections.abc import Callable, Iterator
from typing import Literal

import kmeans_pytorch
import numpy as np
import torch
from rich.table import Table
from sklearn.cluster import KMeans
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule
from lightning_go4align.benchmarks.qm9.graphs import QM9GraphDataModule
from lightning_go4align.benchmarks.qm9.mpnn import MPNN
from lightning_go4align.functional.grouping import kmeans_1d
from lightning_go4align.methods import GO4Align
from perf.clocks import medians
from perf.qm9_steps import bare_step, fit_seconds
from perf.tables import table

SIZES = ((3, 2), (11, 5), (40, 5), (200, 5), (1000, 5))  # numbers of tasks and of groups


def efficiency(only: Literal["clustering", "call", "network", "ratio"] | None = None) -> Iterator[Table]:
    """Measure what grouping costs, the competitors in turn; times are medians.

    Args:
        only: The one measurement to make: of solvers of Eq. 3, of a whole call of GO4Align, of QM9's networks, or of
            a Lightning step with GO4Align and with a plain sum. All of them if not given.

    Yields:
        A table for each.
    """
    measurements = {"clustering": clustering, "call": call, "network": network, "ratio": ratio}
    for name in measurements if only is None else (only,):
        yield measurements[name]()


def clustering() -> Table:
    """Compare solvers of Eq. 3 on random points.

    Returns:
        Microseconds a call.
    """
    times = table("Clustering, µs per call", "M", "K", "kmeans_1d", "kmeans-pytorch", "scikit-learn", "ratio")
    np.random.seed(0)  # noqa: NPY002  # kmeans-pytorch draws from the global generator
    for m, k in SIZES:
        points = torch.rand(m, generator=torch.Generator().manual_seed(m))
        ours, theirs, sklearn = medians(_solvers(points, k), rounds=9, calls=10).values()
        seconds = (f"{1e6 * t:,.0f}" for t in (ours, theirs, sklearn))
        times.add_row(str(m), str(k), *seconds, f"{theirs / ours:.1f}")
    return times


def _solvers(points: torch.Tensor, num_groups: int) -> dict[str, Callable[[], object]]:
    return {
        "ours": lambda: kmeans_1d(points, num_groups),
        "theirs": lambda: kmeans_pytorch_call(points, num_groups),
        "sklearn": lambda: KMeans(num_groups, n_init=10).fit(points[:, None].numpy()),
    }


def kmeans_pytorch_call(points: torch.Tensor, num_clusters: int) -> None:
    """Cluster by kmeans-pytorch, without what it prints.

    Args:
        points: Points, shape ``[M]``.
        num_clusters: ``K``.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        kmeans_pytorch.kmeans(X=points[:, None], num_clusters=num_clusters, device=points.device)


def call() -> Table:
    """Time a whole call of GO4Align: indicators, clustering, objective.

    Returns:
        Microseconds a call.
    """
    times = table("A call of GO4Align, µs", "M", "K", "GO4Align", "plain sum")
    for m, k in SIZES:
        losses = torch.rand(m, generator=torch.Generator().manual_seed(m)).requires_grad_()
        seconds = medians(_calls(losses, k), rounds=20, calls=20)
        times.add_row(str(m), str(k), *(f"{1e6 * t:,.0f}" for t in seconds.values()))
    return times


def _calls(losses: torch.Tensor, num_groups: int) -> dict[str, Callable[[], object]]:
    method, plain = GO4Align(num_groups), Sum()
    return {"go4align": lambda: method(losses), "sum": lambda: plain(losses)}


def network(batch_size: int = 120, rounds: int = 3) -> Table:
    """Time a training step of both QM9 networks on real molecules, loading included.

    Args:
        batch_size: Molecules of a batch.
        rounds: Steps of each.

    Returns:
        Seconds per step.
    """
    molecules = (rounds + 2) * batch_size
    graphs = QM9GraphDataModule(num_train=molecules, num_val=1, num_test=1, batch_size=batch_size)
    dense = QM9DataModule(num_train=molecules, num_val=1, num_test=1, batch_size=batch_size)
    seconds = medians({"PyG": bare_step(graphs, MPNN), "dense": bare_step(dense, DenseMPNN)}, rounds)
    times = table(f"A QM9 training step of {batch_size} molecules, s", "MPNN, PyG", "DenseMPNN", "ratio")
    times.add_row(*(f"{t:.3f}" for t in seconds.values()), f"{seconds['PyG'] / seconds['dense']:.1f}")
    return times


def ratio(rounds: int = 15, steps: int = 10) -> Table:
    """Compare the Lightning training step of GO4Align with that of a plain sum, on the quick budget of QM9.

    Args:
        rounds: Short fits of each, in turn.
        steps: Steps of each fit that are timed, but for its first ones.

    Returns:
        Milliseconds per step and their ratio.
    """
    data = QM9DataModule(num_train=16 * (steps + 2), num_val=1, num_test=1, batch_size=16, num_chunks=2)
    times: dict[str, list[float]] = {"GO4Align": [], "Sum": []}
    for _ in range(rounds):
        for method in (GO4Align(num_groups=5), Sum()):
            times[type(method).__name__] += fit_seconds(method, data, steps + 1)[1:]
    ours, plain = (statistics.median(values) for values in times.values())
    compared = table("A Lightning step of QM9 quick, ms", "GO4Align", "plain sum", "ratio")
    compared.add_row(f"{1e3 * ours:.2f}", f"{1e3 * plain:.2f}", f"{ours / plain:.3f}")
    return compared
