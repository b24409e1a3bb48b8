"""Methods of multi-task optimization: TorchJD scalarizers and aggregators."""

from lightning_go4align.methods.go4align import GO4Align

__all__ = ["GO4Align"]
