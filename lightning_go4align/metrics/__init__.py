"""What to measure: torchmetrics of multi-task training."""

from lightning_go4align.metrics.co_assignment import CoAssignment
from lightning_go4align.metrics.convergence_difference import ConvergenceDifference
from lightning_go4align.metrics.delta_m import DeltaM
from lightning_go4align.metrics.group_stability import GroupStability
from lightning_go4align.metrics.mean_rank import MeanRank

__all__ = ["CoAssignment", "ConvergenceDifference", "DeltaM", "GroupStability", "MeanRank"]
