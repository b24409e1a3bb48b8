"""Pictures: pure functions from the history of a run to a matplotlib figure."""

from lightning_go4align.plots.bars import comparison_bars, runtime_bars
from lightning_go4align.plots.co_assignment import co_assignment
from lightning_go4align.plots.convergence import convergence
from lightning_go4align.plots.curves import losses, weights
from lightning_go4align.plots.delta import delta_m, deltas
from lightning_go4align.plots.heatmap import assignment, indicators
from lightning_go4align.plots.shares import risks_after, risks_before
from lightning_go4align.plots.stability import group_sizes, moves, stability
from lightning_go4align.plots.studies import elbow, performance_against_time
from lightning_go4align.plots.style import style

__all__ = [
    "assignment",
    "co_assignment",
    "comparison_bars",
    "convergence",
    "delta_m",
    "deltas",
    "elbow",
    "group_sizes",
    "indicators",
    "losses",
    "moves",
    "performance_against_time",
    "risks_after",
    "risks_before",
    "runtime_bars",
    "stability",
    "style",
    "weights",
]
