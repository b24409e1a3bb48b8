"""Balanced multi-task training for PyTorch Lightning with GO4Align (NeurIPS 2024)."""

from lightning_go4align.functional.grouping import Grouping, kmeans_1d
from lightning_go4align.methods import GO4Align, RobustGO4Align
from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank
from lightning_go4align.module import MultiTaskMixin, MultiTaskModule
from lightning_go4align.monitors import DeltaMMonitor, GroupDynamicsMonitor
from lightning_go4align.update import MultiTaskCallback, Signals

__version__ = "0.1.0"

__all__ = [
    "CoAssignment",
    "ConvergenceDifference",
    "DeltaM",
    "DeltaMMonitor",
    "GO4Align",
    "GroupDynamicsMonitor",
    "GroupStability",
    "Grouping",
    "MeanRank",
    "MultiTaskCallback",
    "MultiTaskMixin",
    "MultiTaskModule",
    "RobustGO4Align",
    "Signals",
    "kmeans_1d",
]
