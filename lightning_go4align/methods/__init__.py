"""Methods of multi-task optimization: TorchJD scalarizers and aggregators."""

from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.grouped import GroupedAggregator, GroupedScalarizer
from lightning_go4align.methods.learning import WithLearningRate
from lightning_go4align.methods.si import SI

__all__ = ["SI", "GO4Align", "GroupedAggregator", "GroupedScalarizer", "WithLearningRate"]
