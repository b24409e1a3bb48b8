"""QM9: 11 properties of 130,831 molecules, regressed by one message-passing network.

The reference network from PyG's layers and its data are in ``mpnn`` and ``graphs``, which need PyG.
"""

import warnings

from lightning_go4align.benchmarks.qm9.batches import DenseBatch, DenseGraphs, DenseMolecules
from lightning_go4align.benchmarks.qm9.data import QM9DataModule
from lightning_go4align.benchmarks.qm9.dense import DenseMPNN
from lightning_go4align.benchmarks.qm9.module import QM9Module
from lightning_go4align.benchmarks.qm9.published import single_task_errors
from lightning_go4align.benchmarks.qm9.schedules import Plateau, WarmupCosine
from lightning_go4align.benchmarks.qm9.sources import PyGFiles, QM9Pack
from lightning_go4align.benchmarks.qm9.targets import TARGETS

__all__ = [
    "TARGETS",
    "DenseBatch",
    "DenseGraphs",
    "DenseMPNN",
    "DenseMolecules",
    "Plateau",
    "PyGFiles",
    "QM9DataModule",
    "QM9Module",
    "QM9Pack",
    "WarmupCosine",
    "single_task_errors",
]


def __getattr__(name: str) -> object:
    if name != "ErrorTable":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lightning_go4align.benchmarks.score_table import ScoreTable

    place = f"{ScoreTable.__module__}.ScoreTable"
    warnings.warn(f"`{__name__}.ErrorTable` is now `{place}`. Name that instead.", FutureWarning, stacklevel=2)
    return ScoreTable
