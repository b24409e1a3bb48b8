"""The intercepted training step and the weighted update."""

from lightning_go4align.update.callback import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.last_step import TellsLastStep, told
from lightning_go4align.update.record import HostNumbers, StepRecord, StepWatcher, WatchedSteps
from lightning_go4align.update.signals import Signals

__all__ = [
    "HostNumbers",
    "MultiTaskCallback",
    "Optimization",
    "Signals",
    "StepRecord",
    "StepWatcher",
    "TellsLastStep",
    "WatchedSteps",
    "told",
]
