"""Which tasks travel together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.agreement import shared_group
from lightning_go4align.functional.arguments import as_integer, check_tensors
from lightning_go4align.metrics.precision import PreciseMetric
from lightning_go4align.metrics.values import curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class CoAssignment(PreciseMetric):
    """Share of steps in which two tasks were in one group, among the steps in which both were in any.

    ``update`` takes the groups of one step, shape ``[M]``, or of several, shape ``[T, M]``; int64, -1 for none.
    ``forward`` takes the same and returns the shares of these steps alone.

    Args:
        num_tasks: ``M``, at least 1.
        kwargs: torchmetrics' own; ``sync_on_compute`` is False unless given, since every rank sees the same groups.

    Example:
        >>> pairs = CoAssignment(num_tasks=3)
        >>> pairs.update(torch.tensor([0, 0, 1]))
        >>> pairs.update(torch.tensor([0, 1, -1]))  # the last task is absent
        >>> pairs.compute()
        tensor([[1.0000, 0.5000, 0.0000],
                [0.5000, 1.0000, 0.0000],
                [0.0000, 0.0000, 1.0000]])
        >>> pairs.together  # the counts themselves
        tensor([[2, 1, 0],
                [1, 2, 0],
                [0, 0, 1]])
    """

    higher_is_better = None
    is_differentiable = False
    full_state_update = False
    together: Tensor
    present: Tensor

    def __init__(self, num_tasks: int, **kwargs: Any) -> None:
        super().__init__(**{"sync_on_compute": False, **kwargs})
        size = as_integer("num_tasks", num_tasks, least=1)
        for name in ("together", "present"):
            self.add_state(name, torch.zeros(size, size, dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, assignment: Tensor) -> None:
        check_assignment(assignment, len(self.together))
        steps = assignment.reshape(-1, len(self.together))
        self.together += shared_group(steps).sum(0)
        self.present += shared_group(steps.clamp(max=0)).sum(0)

    @override
    def compute(self) -> Tensor:
        return self.together / self.present.clamp(min=1).float()

    @override
    def plot(
        self,
        val: Tensor | Sequence[Tensor] | None = None,
        ax: "Axes | None" = None,
        labels: Sequence[str] | None = None,
    ) -> "tuple[Figure | None, Axes]":
        """Plot the matrix, tasks that travel together side by side, or curves of the shares of all pairs.

        Args:
            val: A result of ``compute``, or several of them for curves; computed if not given.
            ax: Where to draw; a new figure if not given.
            labels: Names of the tasks; their numbers if not given.

        Raises:
            ValueError: If there are more or fewer labels than tasks.
        """
        from lightning_go4align.plots.metrics import plot_lines, plot_shares

        found = self.compute() if val is None else val
        size = len(self.together)
        # A vector, since torchmetrics squeezes a single task's matrix.
        shares = torch.tensor(curve_of(found), dtype=torch.float64, device="cpu").reshape(-1, size, size)
        names = [str(task) for task in range(size)] if labels is None else _one_each(labels, size)
        if isinstance(found, Tensor) and len(shares) == 1:
            return plot_shares(shares[0].numpy(), names, ax)
        first, second = torch.triu_indices(size, size, offset=min(1, size - 1), device="cpu").tolist()
        pairs = [f"{names[row]}, {names[column]}" for row, column in zip(first, second, strict=True)]
        return plot_lines(shares[:, first, second].numpy(), pairs, ax)


def _one_each(labels: Sequence[str], num_tasks: int) -> list[str]:
    names = [labels] if isinstance(labels, str) else list(labels)
    if len(names) != num_tasks:
        raise ValueError(
            f"`labels` must hold a name for each of the {num_tasks} tasks, but holds {len(names)}. Name every task "
            "once, or leave it out."
        )
    return names


def check_assignment(assignment: Tensor, num_tasks: int) -> None:
    """Refuse an assignment that is not one integer a task.

    Args:
        assignment: What was given.
        num_tasks: ``M``.

    Raises:
        TypeError: If it is no tensor.
        ValueError: If its shape is neither ``[M]`` nor ``[T, M]`` or its dtype not int64.

    Example:
        >>> check_assignment(torch.tensor([0, 1]), 2)
    """
    check_tensors(assignment=assignment)
    if assignment.dim() not in (1, 2) or assignment.shape[-1] != num_tasks or assignment.dtype != torch.int64:
        raise ValueError(
            f"`assignment` must be the int64 groups of {num_tasks} tasks, but is {assignment.dtype} of shape "
            f"{list(assignment.shape)}. Give `Grouping.assignment`, or another `num_tasks`."
        )
