"""Balanced multi-task training for PyTorch Lightning with GO4Align (NeurIPS 2024)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_go4align.functional.grouping import Grouping, kmeans_1d
    from lightning_go4align.methods import GO4Align
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
    "Signals",
    "kmeans_1d",
]

#: Where the names are, searched in this order when one is first asked for: the command's help needs none of them.
_ROOMS = ("functional.grouping", "methods", "metrics", "update", "module", "monitors")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for room in _ROOMS:
            module = import_module(f"{__name__}.{room}")
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
    if any(room.partition(".")[0] == name for room in _ROOMS):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__", *(room.partition(".")[0] for room in _ROOMS)})
