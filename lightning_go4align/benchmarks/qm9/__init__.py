"""QM9: 11 properties of 130,831 molecules, regressed by one message-passing network.

The reference network from PyG's layers and its data are in ``mpnn`` and ``graphs``, which need PyG.
"""

from typing import TYPE_CHECKING

from lightning_go4align.benchmarks.qm9.batches import DenseBatch, DenseGraphs, DenseMolecules
from lightning_go4align.benchmarks.qm9.data import QM9DataModule
from lightning_go4align.benchmarks.qm9.dense import DenseMPNN
from lightning_go4align.benchmarks.qm9.module import QM9Module
from lightning_go4align.benchmarks.qm9.published import single_task_errors
from lightning_go4align.benchmarks.qm9.schedules import Plateau, WarmupCosine
from lightning_go4align.benchmarks.qm9.sources import PyGFiles, QM9Pack
from lightning_go4align.benchmarks.qm9.targets import TARGETS
from lightning_go4align.renamed import former_names

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

if not TYPE_CHECKING:
    __getattr__ = former_names(__name__, {"ErrorTable": "lightning_go4align.benchmarks.score_table:ScoreTable"})
