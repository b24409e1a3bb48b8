"""The package's metrics as torchmetrics' tester wants them: fed with predictions and targets, and with a reference.

A batch of the tester's is a list of what one ``update`` takes, so that many of them are one list: it joins batches.
"""

from collections.abc import Sequence
from typing import Any

import cachier
import numpy as np
import torch
from every_metric import METRICS
from metric_examples import EXAMPLES, NAMES, epochs_of
from torchmetrics import Metric

Batches = Sequence[tuple[Any, ...]]

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


def _last_to_converge(first: Batches, second: Batches) -> float:
    each = [epochs_of(batches) for batches in (first, second) if batches]
    return float(np.std(np.max(each, axis=0)))


def _mean_of_own_steps(first: Batches, second: Batches) -> dict[str, float]:
    expected, counts = EXAMPLES["GroupStability"].expected, [max(len(first) - 1, 0), max(len(second) - 1, 0)]
    if not any(counts):
        return dict(expected([]))
    each = [expected(batches) for batches, count in zip((first, second), counts, strict=True) if count]
    weights = [count for count in counts if count]
    return {name: float(np.average([found[name] for found in each], weights=weights)) for name in each[0]}


def _ranks_of_mean_values(first: Batches, second: Batches) -> list[float]:
    last: dict[str, list[dict[str, float]]] = {}
    for batches in (first, second):
        for method, values in dict(batches).items():
            last.setdefault(method, []).append(values)
    means = {
        method: {name: np.mean([values[name] for values in both]) for name in NAMES} for method, both in last.items()
    }
    return list(EXAMPLES["MeanRank"].expected([*means.items()]))


TOGETHER = {
    "ConvergenceDifference": _last_to_converge,
    "GroupStability": _mean_of_own_steps,
    "MeanRank": _ranks_of_mean_values,
}
"""What two processes compute of batches that one saw of each, where it is not what one process computes of all."""


class Reference:
    """What a metric has to compute, in NumPy.

    Args:
        name: The metric's name.
        processes: How many take turns with the batches.
    """

    def __init__(self, name: str, processes: int) -> None:
        self.name = self.__name__ = self.__qualname__ = name
        self.processes = processes

    def __call__(self, preds: list[Any], target: list[Any]) -> Any:
        batches = _joined(preds, target)
        if self.processes == 2 and self.name in TOGETHER:
            found = TOGETHER[self.name](batches[::2], batches[1::2])
        else:
            found = EXAMPLES[self.name].expected(batches)
        if isinstance(found, dict):
            return {key: torch.tensor(value) for key, value in found.items()}
        return torch.tensor(found)
