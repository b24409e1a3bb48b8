"""Methods of multi-task optimization: TorchJD scalarizers and aggregators."""

from typing import TYPE_CHECKING

from lightning_go4align.methods.cr_mogm import CRMOGM
from lightning_go4align.methods.db_mtl import DBMTL
from lightning_go4align.methods.domain import requires_positive_losses, why_positive
from lightning_go4align.methods.fixed import FixedWeights, SingleTask
from lightning_go4align.methods.former import FORMER_NAMES
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.grad_norm import GradNorm
from lightning_go4align.methods.gradient_scale import GradientScale
from lightning_go4align.methods.grouped_aggregator import GroupedAggregator
from lightning_go4align.methods.grouped_scalarizer import GroupedScalarizer
from lightning_go4align.methods.ldc_mtl import LDCMTL
from lightning_go4align.methods.learning import WithLearningRate
from lightning_go4align.methods.level_within_spread import LevelWithinSpread
from lightning_go4align.methods.loss_parts import ExponentialMean, Level
from lightning_go4align.methods.ntkmtl import NTKMTL, NTKMTLSR
from lightning_go4align.methods.relative_history import RelativeHistory
from lightning_go4align.methods.robust_go4align import RobustGO4Align
from lightning_go4align.methods.schedules import CosineWarmup, LinearWarmup
from lightning_go4align.methods.si import SI
from lightning_go4align.methods.smoothness import Smoothness
from lightning_go4align.methods.uw_so import UWSO
from lightning_go4align.methods.weighted_heads import WeightedHeads
from lightning_go4align.methods.windowed_dwa import WindowedDWA
from lightning_go4align.methods.with_factors import WithFactors
from lightning_go4align.methods.with_lower_bounds import WithLowerBounds
from lightning_go4align.renamed import former_names

__all__ = [
    "CRMOGM",
    "DBMTL",
    "LDCMTL",
    "NTKMTL",
    "NTKMTLSR",
    "SI",
    "UWSO",
    "CosineWarmup",
    "ExponentialMean",
    "FixedWeights",
    "GO4Align",
    "GradNorm",
    "GradientScale",
    "GroupedAggregator",
    "GroupedScalarizer",
    "Level",
    "LevelWithinSpread",
    "LinearWarmup",
    "RelativeHistory",
    "RobustGO4Align",
    "SingleTask",
    "Smoothness",
    "WeightedHeads",
    "WindowedDWA",
    "WithFactors",
    "WithLearningRate",
    "WithLowerBounds",
    "requires_positive_losses",
    "why_positive",
]

if not TYPE_CHECKING:
    __getattr__ = former_names(__name__, {name: f"{__name__}:{present}" for name, present in FORMER_NAMES.items()})
