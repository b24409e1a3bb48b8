"""Pictures: pure functions from the history of a run to a matplotlib figure."""

import pkgutil
import warnings
from typing import Any

from lightning_go4align.plots.co_assignment import co_assignment
from lightning_go4align.plots.comparison import comparison_bars
from lightning_go4align.plots.convergence import convergence
from lightning_go4align.plots.curves import losses, weights
from lightning_go4align.plots.delta import delta_m, deltas
from lightning_go4align.plots.heatmap import assignment, indicators
from lightning_go4align.plots.shares import risks_after, risks_before
from lightning_go4align.plots.stability import group_sizes, moves, stability
from lightning_go4align.plots.style import style

__all__ = [
    "assignment",
    "co_assignment",
    "comparison_bars",
    "convergence",
    "delta_m",
    "deltas",
    "group_sizes",
    "indicators",
    "losses",
    "moves",
    "risks_after",
    "risks_before",
    "stability",
    "style",
    "weights",
]

MOVED = ("elbow", "performance_against_time", "runtime_bars")


def __getattr__(name: str) -> Any:
    if name not in MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = "lightning_go4align.studies.plots"
    warnings.warn(f"`plots.{name}` compares runs. Import it from `{place}`.", FutureWarning, stacklevel=2)
    # By its name, for pictures of a run know nothing of studies.
    return pkgutil.resolve_name(f"{place}:{name}")
