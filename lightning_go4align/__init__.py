"""Balanced multi-task training for PyTorch Lightning with GO4Align (NeurIPS 2024)."""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # What stands here is imported when it is first asked for.
    from lightning_go4align import plots
    from lightning_go4align.functional.grouping import Grouping, kmeans_1d
    from lightning_go4align.history import History
    from lightning_go4align.methods import GO4Align, GroupedAggregator, GroupedScalarizer, RobustGO4Align, WithFactors
    from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank
    from lightning_go4align.module import MultiTaskMixin, MultiTaskModule
    from lightning_go4align.monitors import DeltaMMonitor, GroupDynamicsMonitor
    from lightning_go4align.update import MultiTaskCallback, StepRecord

__version__ = "0.1.0"

__all__ = [
    "CoAssignment",
    "ConvergenceDifference",
    "DeltaM",
    "DeltaMMonitor",
    "GO4Align",
    "GroupDynamicsMonitor",
    "GroupStability",
    "GroupedAggregator",
    "GroupedScalarizer",
    "Grouping",
    "History",
    "MeanRank",
    "MultiTaskCallback",
    "MultiTaskMixin",
    "MultiTaskModule",
    "RobustGO4Align",
    "StepRecord",
    "WithFactors",
    "kmeans_1d",
    "plots",
]

_PACKAGES = ("clustering", "functional", "history", "methods", "metrics", "monitors", "plots", "report", "update")
_NAMES = {
    "functional.grouping": ("Grouping", "kmeans_1d"),
    "history": ("History",),
    "methods": ("GO4Align", "GroupedAggregator", "GroupedScalarizer", "RobustGO4Align", "WithFactors"),
    "metrics": ("CoAssignment", "ConvergenceDifference", "DeltaM", "GroupStability", "MeanRank"),
    "module": ("MultiTaskMixin", "MultiTaskModule"),
    "monitors": ("DeltaMMonitor", "GroupDynamicsMonitor"),
    "update": ("MultiTaskCallback", "StepRecord"),
}
_HOMES = {name: room for room, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"lightning_go4align.{name}")
    if name == "Signals":
        warnings.warn("`Signals` will be removed: `StepRecord` takes its place.", DeprecationWarning, stacklevel=2)
        return import_module("lightning_go4align.update").Signals
    if name not in _HOMES:
        raise AttributeError(f"module 'lightning_go4align' has no attribute {name!r}")
    value = getattr(import_module(f"lightning_go4align.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_PACKAGES, "__version__"})
