"""Pictures: pure functions from the history of a run to a matplotlib figure."""

from typing import TYPE_CHECKING

from lightning_go4align.plots.co_assignment import co_assignment
from lightning_go4align.plots.comparison import comparison_bars
from lightning_go4align.plots.convergence import convergence
from lightning_go4align.plots.curves import losses, weights
from lightning_go4align.plots.delta import delta_m, deltas
from lightning_go4align.plots.heatmap import assignment, indicators
from lightning_go4align.plots.shares import risks_after, risks_before
from lightning_go4align.plots.stability import group_sizes, moves, stability
from lightning_go4align.plots.style import style
from lightning_go4align.renamed import former_names

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

if not TYPE_CHECKING:  # Those that compare runs live with the studies, of which pictures of a run know nothing.
    _COMPARISONS = ("elbow", "performance_against_time", "runtime_bars")
    __getattr__ = former_names(__name__, {name: f"lightning_go4align.studies.plots:{name}" for name in _COMPARISONS})
