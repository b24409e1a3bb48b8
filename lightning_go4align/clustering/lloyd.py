"""Eq. 3 by kmeans-pytorch, as the paper ran it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from zlib import crc32

import kmeans_pytorch
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.clustering.numpy_backend import Floats, Labels, cluster_on_host
from lightning_go4align.functional.arguments import as_integer, positive
from lightning_go4align.functional.grouping import Grouping

LARGEST = 1e15  # The package counts in float32: the square of a larger distance would overflow.
_tamed = Lock()


class Lloyd:
    """Lloyd's algorithm of the package kmeans-pytorch: a local optimum of Eq. 3, as in the paper's experiments.

    The package itself prints, draws from NumPy's global generator, and never returns once a cluster is empty. Here
    it is silent, an empty cluster takes the point that lies farthest from its centre, and it stops in the end. It
    starts from distinct points, drawn by torch's seed and the points alone: equal on every rank and after a resume,
    and no generator moves. It misses the optimum on most steps of eleven tasks, and reads the points on the host
    several times per iteration.

    Args:
        iter_limit: Most iterations, at least 1.
        tol: Squared sum of the centres' moves below which it stops, positive; the unit is the points', squared.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> Lloyd()(torch.tensor([0.1, 5.0, 0.3, 5.2]), 2).assignment
        tensor([0, 1, 0, 1])
    """

    draws = True  # It moves no generator, but where it starts depends on the seed.

    def __init__(self, iter_limit: int = 100, tol: float = 1e-4) -> None:
        self.iter_limit = as_integer("iter_limit", iter_limit, least=1)
        self.tol = positive("tol", tol)

    def __call__(self, points: Tensor, num_clusters: int) -> Grouping:
        grouping: Grouping = cluster_on_host(points, num_clusters, self._solve)
        return grouping

    def _solve(self, points: Floats, num_clusters: int) -> Labels:
        scaled = (points / max(1.0, float(np.abs(points).max()) / LARGEST)).astype(np.float32)
        distinct, labels = np.unique(scaled, return_inverse=True)
        if len(distinct) <= num_clusters:
            return labels
        column, centres = torch.from_numpy(scaled)[:, None], _start(distinct, num_clusters)
        with _silent(_Watch(column, centres, self.iter_limit), centres):
            try:
                found, _ = kmeans_pytorch.kmeans(column, num_clusters, tol=self.tol)
            except StopIteration:
                found = (column - centres.T).abs().argmin(1)
        return np.asarray(found, np.int64)


class _Watch:
    """Stands in for the package's progress bar: after each iteration it mends empty clusters and counts."""

    def __init__(self, points: Tensor, centres: Tensor, iter_limit: int) -> None:
        self.points = points
        self.centres = centres
        self.remaining = iter_limit

    def set_postfix(self, iteration: str, center_shift: str, tol: str) -> None:
        self.empty = center_shift == "nan"

    def update(self) -> None:
        if self.empty:
            for cluster in self.centres[:, 0].isnan().nonzero()[:, 0]:
                distances = (self.points - self.centres.T).abs().nan_to_num(nan=torch.inf).amin(1)
                self.centres[cluster] = self.points[distances.argmax()]
        self.remaining -= 1
        if self.remaining == 0:
            raise StopIteration


def _start(distinct: NDArray[np.float32], num_clusters: int) -> Tensor:
    generator = torch.Generator().manual_seed(torch.initial_seed() ^ crc32(distinct.tobytes()))
    chosen = torch.randperm(len(distinct), generator=generator)[:num_clusters]
    return torch.from_numpy(distinct).index_select(0, chosen)[:, None]


@contextmanager
def _silent(watch: _Watch, centres: Tensor) -> Iterator[None]:
    """Give the package another bar, start and print for the time of a call; it moves the start's centres in place."""
    ours: dict[str, Any] = {
        "tqdm": lambda desc: watch,
        "initialize": lambda points, num_clusters: centres,
        "print": lambda text: None,
    }
    with _tamed:
        theirs = {name: vars(kmeans_pytorch)[name] for name in ("tqdm", "initialize")}
        vars(kmeans_pytorch).update(ours)
        try:
            yield
        finally:
            vars(kmeans_pytorch).update(theirs)
            del vars(kmeans_pytorch)["print"]
