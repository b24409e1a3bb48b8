"""Pictures that compare runs: pure functions from scores to a matplotlib figure."""

from lightning_go4align.plots.comparison import comparison_bars
from lightning_go4align.studies.plots.bars import runtime_bars
from lightning_go4align.studies.plots.scores import elbow, performance_against_time

__all__ = ["comparison_bars", "elbow", "performance_against_time", "runtime_bars"]
