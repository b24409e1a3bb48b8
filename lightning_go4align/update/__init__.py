"""The intercepted training step and the weighted update."""

from typing import TYPE_CHECKING

from lightning_go4align.renamed import former_names
from lightning_go4align.update.callback import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.last_step import LastStepMixin, overridable_property
from lightning_go4align.update.record import HostNumbers, StepRecord, StepWatcher, WatchedSteps
from lightning_go4align.update.signals import Signals

__all__ = [
    "HostNumbers",
    "LastStepMixin",
    "MultiTaskCallback",
    "Optimization",
    "Signals",
    "StepRecord",
    "StepWatcher",
    "WatchedSteps",
    "overridable_property",
]

if not TYPE_CHECKING:
    _LAST_STEP = {"TellsLastStep": "LastStepMixin", "told": "overridable_property"}
    __getattr__ = former_names(__name__, {name: f"{__name__}:{present}" for name, present in _LAST_STEP.items()})
