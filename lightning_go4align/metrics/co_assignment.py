"""Which tasks travel together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class CoAssignment(Metric):
    """Share of steps in which two tasks were in one group, among the steps in which both were in any.

    ``update`` takes the groups of one step, shape ``[M]``, or of several, shape ``[T, M]``; int64, -1 for none.
    ``forward`` takes the same and returns the shares of these steps alone.

    Args:
        num_tasks: ``M``, at least 1.

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

    def __init__(self, num_tasks: int) -> None:
        super().__init__(sync_on_compute=False)  # every rank sees the same groups
        for name in ("together", "present"):
            self.add_state(name, torch.zeros(num_tasks, num_tasks, dtype=torch.int64), dist_reduce_fx="sum")

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
        self, val: Tensor | None = None, ax: "Axes | None" = None, labels: Sequence[str] | None = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot the matrix, tasks that travel together side by side.

        Args:
            val: A result of ``compute``; computed if not given.
            ax: Where to draw; a new figure if not given.
            labels: Names of the tasks; their numbers if not given.
        """
        from lightning_go4align.plots.metrics import plot_shares

        shares = self.compute() if val is None else val
        shares = shares.reshape(-1, shares.shape[-1] if shares.dim() else 1)  # torchmetrics squeezes a single task's.
        names = [str(task) for task in range(len(shares))] if labels is None else labels
        return plot_shares(shares.cpu().double().numpy(), names, ax)


def shared_group(assignment: Tensor) -> Tensor:
    """Tell which pairs of tasks share a group.

    Args:
        assignment: Group of each task, shape ``[..., M]``, int64; -1 for none, which nothing shares.

    Returns:
        Mask, shape ``[..., M, M]``, bool, symmetric.

    Example:
        >>> shared_group(torch.tensor([0, -1, 0]))
        tensor([[ True, False,  True],
                [False, False, False],
                [ True, False,  True]])
    """
    columns = assignment[..., None, :]
    return (assignment[..., :, None] == columns) & (columns >= 0)


def check_assignment(assignment: Tensor, num_tasks: int) -> None:
    """Refuse an assignment that is not one integer a task.

    Args:
        assignment: What was given.
        num_tasks: ``M``.

    Raises:
        ValueError: If its shape is neither ``[M]`` nor ``[T, M]`` or its dtype not int64.

    Example:
        >>> check_assignment(torch.tensor([0, 1]), 2)
    """
    if assignment.dim() not in (1, 2) or assignment.shape[-1] != num_tasks or assignment.dtype != torch.int64:
        raise ValueError(
            f"`assignment` must be the int64 groups of {num_tasks} tasks, but is {assignment.dtype} of shape "
            f"{list(assignment.shape)}. Give `Grouping.assignment`, or another `num_tasks`."
        )
