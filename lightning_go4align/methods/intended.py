"""Which weights are the user's own: no advice is due on them."""

from collections.abc import Sequence

from torch import nn

from lightning_go4align.methods.fixed import FixedWeights, SingleTask
from lightning_go4align.methods.with_factors import WithFactors


def intended_weights(method: nn.Module, tasks: Sequence[str]) -> set[str]:
    """Return the tasks whose weight the user has set: a small one, or one of 0, is meant.

    Args:
        method: A scalarizer or an aggregator.
        tasks: Names of the tasks, in the order of the losses.

    Returns:
        All of them under ``FixedWeights`` and ``SingleTask``, those with a factor under ``WithFactors``.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> intended_weights(WithFactors(Sum(), {"kl": 0.0}), ["kl", "reconstruction"])
        {'kl'}
    """
    intended: set[str] = set()
    for part in method.modules():
        if isinstance(part, FixedWeights | SingleTask):
            return set(tasks)
        if isinstance(part, WithFactors):
            intended |= {tasks[task] if isinstance(task, int) else task for task in part.factors}
    return intended
