"""Eq. 3 by semidefinite programming, as in the authors' answer to the reviewers."""

import warnings
from functools import lru_cache

import cvxpy as cp
import numpy as np
import torch
from torch import Tensor

from lightning_go4align.clustering.numpy_backend import Floats, Labels, cluster_on_host, standardized
from lightning_go4align.functional.grouping import Grouping, kmeans_1d


class SDP:
    r"""The semidefinite relaxation of K-means (Peng and Wei, 2007; Tepper et al., 2017), by CVXPY and SCS.

    With :math:`D` the squared distances of the points, the co-assignment matrix of Eq. 3 is relaxed to

    .. math:: \min_Q \langle D, Q \rangle \quad \text{s.t.} \quad
              Q \succeq 0,\ Q \geq 0,\ Q \mathbf 1 = \mathbf 1,\ \operatorname{tr} Q = K

    and rounded as Mixon, Villar and Ward (2017) do: each point moves to its mean :math:`Q \gamma` over its
    co-assignments, and the moved points are clustered. Where the relaxation is tight that is the optimum of Eq. 3. It
    costs a stall of the device and about 20 milliseconds per call for 11 tasks, 300 for 40 tasks.

    Example:
        >>> SDP()(torch.tensor([0.1, 5.0, 0.3, 5.2]), 2).assignment
        tensor([0, 1, 0, 1])
    """

    def __call__(self, points: Tensor, num_clusters: int) -> Grouping:
        grouping: Grouping = cluster_on_host(points, num_clusters, _solve)
        return grouping


def _solve(points: Floats, num_clusters: int) -> Labels:
    points = standardized(points)
    problem, co_assignment, distances = _relaxation(len(points), num_clusters)
    distances.value = (points[:, None] - points) ** 2
    with warnings.catch_warnings():
        # Rounding needs no more digits than SCS has found when it stops.
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        # From the last solution it would start elsewhere on each rank and after a resume.
        problem.solve(  # type: ignore[no-untyped-call]  # CVXPY's.
            solver=cp.SCS, max_iters=5000, warm_start=False
        )
    moved = torch.from_numpy(np.asarray(co_assignment.value) @ points)
    labels: Labels = kmeans_1d(moved, num_clusters).assignment.numpy()
    return labels


@lru_cache(maxsize=8)
def _relaxation(num_points: int, num_clusters: int) -> tuple[cp.Problem, cp.Variable, cp.Parameter]:
    co_assignment = cp.Variable((num_points, num_points), PSD=True)
    distances = cp.Parameter((num_points, num_points))
    constraints = [
        co_assignment >= 0,
        co_assignment.sum(axis=1) == np.ones(num_points),
        co_assignment.trace() == num_clusters,
    ]
    objective = cp.Minimize((distances @ co_assignment).trace())
    return cp.Problem(objective, constraints), co_assignment, distances
