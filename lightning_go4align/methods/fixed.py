"""Weights that do not move: fixed ones, and a single task."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, as_list, non_negative
from lightning_go4align.functional.losses import check_losses
from lightning_go4align.functional.objective import weighted_risk


@runtime_checkable
class NamesTasks(Protocol):
    """A method that wants to know the names of the tasks."""

    def name_tasks(self, names: Sequence[str]) -> None:
        """Take the names of the tasks, in the order of the losses."""


class FixedWeights(Scalarizer):
    """Weigh each task by a given number.

    Args:
        weights: Weight of each task, at least 0: by the names of all tasks, as ``{"depth": 1.0, "normal": 0.5}``, or
            a list in the order of the losses. A task of weight 0 takes no part, even if its loss is NaN.

    Raises:
        TypeError: If ``weights`` holds no numbers, or the losses are no tensor.
        ValueError: If a weight is negative, all are 0, their number or a name is not that of the tasks, or names are
            given and those of the tasks are not known.

    Example:
        >>> FixedWeights([1.0, 0.5])(torch.tensor([2.0, 4.0]))
        tensor(4.)
    """

    supports_missing: bool = True
    weights: Tensor | dict[str, float]
    in_order: Tensor | None

    def __init__(self, weights: Mapping[str, float] | Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("in_order", None, persistent=False)
        if isinstance(weights, Mapping):
            self.weights = {
                _name(task): non_negative(f"weights[{task!r}]", weight) for task, weight in weights.items()
            }
            numbers = list(self.weights.values())
        else:
            numbers = [non_negative("weights", weight) for weight in as_list("weights", weights)]
            self.register_buffer("weights", torch.tensor(numbers, dtype=torch.float32), persistent=False)
        if not any(numbers):
            raise ValueError(f"`weights` must hold a number above 0, but is {weights!r}: no task would be trained.")

    def name_tasks(self, names: Sequence[str]) -> None:
        if isinstance(self.weights, Tensor):
            return
        if set(self.weights) != set(names):
            raise ValueError(
                f"`weights` must name each of the tasks, {list(names)}, but names {list(self.weights)}. "
                f"{_differences(self.weights, names)}"
            )
        numbers = torch.tensor([self.weights[name] for name in names], dtype=torch.float32)
        self.in_order = numbers if self.in_order is None else numbers.to(self.in_order.device)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses).flatten()
        weights = self._of_losses()
        if losses.shape != weights.shape:
            raise ValueError(
                f"`weights` must hold one number for each of the {losses.numel()} tasks, but holds "
                f"{len(weights)}. Change their number."
            )
        return weighted_risk(losses, weights.masked_fill(losses.detach().isfinite().logical_not(), 0))

    def _of_losses(self) -> Tensor:
        if isinstance(self.weights, Tensor):
            return self.weights
        if self.in_order is None:
            raise ValueError(
                f"Which losses are {list(self.weights)}? Name the tasks by `name_tasks`, or give `weights` as a list "
                "in the order of the losses."
            )
        return self.in_order

    @override
    def __repr__(self) -> str:
        return f"FixedWeights({self.weights.tolist() if isinstance(self.weights, Tensor) else self.weights})"


def _name(task: object) -> str:
    if not isinstance(task, str):
        raise TypeError(f"`weights` must name tasks by strings, but names {task!r}. For their order give a list.")
    return task


def _differences(weights: Mapping[str, float], names: Sequence[str]) -> str:
    """Say which names have to be added and removed."""
    missing = [name for name in names if name not in weights]
    unknown = [name for name in weights if name not in names]
    add = f"Give {missing} a weight; 0 leaves a task out." if missing else ""
    remove = f"Correct or remove {unknown}." if unknown else ""
    return f"{add} {remove}".strip()


class SingleTask(Scalarizer):
    """Train one task alone (STL): its loss is the objective.

    Args:
        task: The task: its name, or its place among the losses, from 0.

    Raises:
        TypeError: If ``task`` is neither a name nor an integer, or the losses are no tensor.
        ValueError: If there is no such task, or a name is given and the names of the tasks are not known.

    Example:
        >>> SingleTask(1)(torch.tensor([2.0, 4.0]))
        tensor(4.)
    """

    supports_missing: bool = True

    def __init__(self, task: int | str) -> None:
        super().__init__()
        self.task = task if isinstance(task, str) else as_integer("task", task)
        self.index = None if isinstance(self.task, str) else self.task

    def name_tasks(self, names: Sequence[str]) -> None:
        if isinstance(self.task, str) and self.task not in names:
            raise ValueError(f"`task` must be one of {list(names)}, but is '{self.task}'. Name one of them.")
        self.index = names.index(self.task) if isinstance(self.task, str) else self.task

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        if self.index is None:
            raise ValueError(f"Which loss is '{self.task}'? Give the number of the task, or call `name_tasks` first.")
        losses = check_losses(losses).flatten()
        if not 0 <= self.index < len(losses):
            raise ValueError(f"`task` must lie in [0, {len(losses) - 1}], but is {self.index}. Choose one of these.")
        positions = torch.arange(len(losses), device=losses.device)
        chosen = (positions == self.index) & losses.detach().isfinite()
        return weighted_risk(losses, chosen.to(torch.float32))

    @override
    def __repr__(self) -> str:
        return f"SingleTask({self.task!r})"


def name_tasks(method: nn.Module, names: Sequence[str]) -> None:
    """Tell a method, and the methods in it, the names of the tasks.

    Args:
        method: A scalarizer or an aggregator.
        names: Names, in the order of the losses.

    Example:
        >>> method = SingleTask("depth")
        >>> name_tasks(method, ["segmentation", "depth"])
        >>> method(torch.tensor([2.0, 4.0]))
        tensor(4.)
    """
    for part in method.modules():
        if isinstance(part, NamesTasks):
            part.name_tasks(names)
