"""The intercepted training step and the weighted update."""

from lightning_go4align.update.callback import MultiTaskCallback, Optimization
from lightning_go4align.update.signals import Signals

__all__ = ["MultiTaskCallback", "Optimization", "Signals"]
