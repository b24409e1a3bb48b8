"""Weights that do not move: fixed ones, and a single task."""

from collections.abc import Sequence
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
    """Weigh each task by a given number; by the names of tasks ``WithFactors(Sum(), {...})`` does it.

    Args:
        weights: Weight of each task, at least 0. A task of weight 0 takes no part, even if its loss is NaN.

    Raises:
        TypeError: If ``weights`` is no list of numbers, or the losses are no tensor.
        ValueError: If a weight is negative or their number is not that of the tasks.

    Example:
        >>> FixedWeights([1.0, 0.5])(torch.tensor([2.0, 4.0]))
        tensor(4.)
    """

    supports_missing: bool = True
    weights: Tensor

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        numbers = [non_negative("weights", weight) for weight in as_list("weights", weights)]
        self.register_buffer("weights", torch.tensor(numbers, dtype=torch.float32), persistent=False)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses).flatten()
        if losses.shape != self.weights.shape:
            raise ValueError(
                f"`weights` must hold one number for each of the {losses.numel()} tasks, but holds "
                f"{len(self.weights)}. Change their number."
            )
        return weighted_risk(losses, self.weights.masked_fill(losses.detach().isfinite().logical_not(), 0))

    @override
    def __repr__(self) -> str:
        return f"FixedWeights({self.weights.tolist()})"


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
