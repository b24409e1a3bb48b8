"""Pictures that compare runs: pure functions from scores to a matplotlib figure."""

from typing import TYPE_CHECKING

from lightning_go4align.on_demand import on_demand

if TYPE_CHECKING:  # A study's plan names what draws, and waits for no matplotlib.
    from lightning_go4align.plots.comparison import comparison_bars
    from lightning_go4align.studies.plots.bars import runtime_bars
    from lightning_go4align.studies.plots.parameter import curve
    from lightning_go4align.studies.plots.scores import elbow, performance_against_time
    from lightning_go4align.studies.plots.toy import trajectories

__all__ = ["comparison_bars", "curve", "elbow", "performance_against_time", "runtime_bars", "trajectories"]

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            "lightning_go4align.plots.comparison": ["comparison_bars"],
            ".bars": ["runtime_bars"],
            ".parameter": ["curve"],
            ".scores": ["elbow", "performance_against_time"],
            ".toy": ["trajectories"],
        },
    )
