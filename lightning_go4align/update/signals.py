"""The former name of what a training step tells about its tasks."""

from typing import NamedTuple

from torch import Tensor

from lightning_go4align.functional.grouping import Grouping


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
