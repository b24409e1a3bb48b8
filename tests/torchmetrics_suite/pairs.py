"""The package's metrics as torchmetrics' tester wants them: fed with predictions and targets, and with a reference.

A batch of the tester's is a list of what one ``update`` takes, so that many of them are one list: it joins batches.
"""

from collections.abc import Sequence
from typing import Any

import cachier
import torch
from every_metric import METRICS
from metric_examples import EXAMPLES
from torchmetrics import Metric

cachier.disable_caching()  # Of references, which their tests keep on disk.


def batches_of(name: str) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return predictions and targets of a metric's example; what takes one argument has no targets."""
    batches = EXAMPLES[name].batches
    return [[batch[0]] for batch in batches], [[batch[1] if len(batch) > 1 else None] for batch in batches]


def _joined(preds: Sequence[Any], target: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [(p,) if t is None else (p, t) for p, t in zip(preds, target, strict=True)]


def _update(self: Metric, preds: list[Any], target: list[Any]) -> None:
    for batch in _joined(preds, target):
        KINDS[type(self).__name__].update(self, *batch)


KINDS = {kind.__name__: kind for kind in METRICS}
FED = {name: type(name, (kind,), {"update": _update, "__module__": __name__}) for name, kind in KINDS.items()}
globals().update(FED)  # Pickle finds a class by its module and name.


class Reference:
    """What a metric has to compute, in NumPy.

    Args:
        name: The metric's name.
    """

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = self.__qualname__ = name

    def __call__(self, preds: list[Any], target: list[Any]) -> Any:
        found = EXAMPLES[self.name].expected(_joined(preds, target))
        if isinstance(found, dict):
            return {key: torch.tensor(value) for key, value in found.items()}
        return torch.tensor(found)
