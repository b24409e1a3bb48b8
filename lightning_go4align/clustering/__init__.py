"""Other solvers of Eq. 3, with the signature of ``kmeans_1d``; each that needs a package is in its own module."""

from lightning_go4align.clustering.automatic import AutomaticKMeans
from lightning_go4align.clustering.fixed_groups import (
    FixedGroups,
    FixedGroupWeights,
    RandomGroups,
    RandomGroupWeights,
)
from lightning_go4align.clustering.logarithmic import AutomaticLogKMeans, log_kmeans_1d
from lightning_go4align.functional.assignment import ungrouped
from lightning_go4align.functional.grouping import kmeans_1d

__all__ = [
    "AutomaticKMeans",
    "AutomaticLogKMeans",
    "FixedGroupWeights",
    "FixedGroups",
    "RandomGroupWeights",
    "RandomGroups",
    "kmeans_1d",
    "log_kmeans_1d",
    "ungrouped",
]
