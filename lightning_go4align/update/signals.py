"""The former name of what a training step tells about its tasks."""

import warnings
from typing import NamedTuple

from torch import Tensor

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.record import StepRecord


class Signals(NamedTuple):
    """What ``MultiTaskCallback.signals`` returns: four fields of ``StepRecord``, which takes its place.

    Args:
        losses: Task losses, shape ``[M]``; NaN for an absent task.
        weights: Task weights, the objective's gradient in each loss, shape ``[M]``; None if the method has none.
        indicators: Group indicators, shape ``[M]``; None if the method does not group.
        grouping: Groups of the tasks; None if the method does not group.
    """

    losses: Tensor
    weights: Tensor | None
    indicators: Tensor | None
    grouping: Grouping | None


class FormerSignals:
    """The former name of a callback's ``last_step``."""

    last_step: StepRecord | None

    @property
    def signals(self) -> Signals | None:
        """Four fields of ``last_step``; None before the first step."""
        warnings.warn("`signals` will be removed: read `last_step`.", DeprecationWarning, stacklevel=2)
        record = self.last_step
        return None if record is None else Signals(record.losses, record.weights, record.indicators, record.grouping)
