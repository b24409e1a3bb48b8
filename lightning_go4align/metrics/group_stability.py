"""How long groups last."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.precision import widest
from lightning_go4align.metrics.co_assignment import check_assignment, shared_group
from lightning_go4align.metrics.precision import PreciseMetric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class GroupStability(PreciseMetric):
    """Agreement of the groups with those of the step before, averaged over the steps.

    ``compute`` gives the Rand index and the adjusted Rand index (both 1 for equal groups, without unit),
    ``moves``, the tasks that change group in a step, and ``held``, the share of steps in which none does.
    ``update`` takes the groups of one step, shape ``[M]``, or of several, ``[T, M]``; int64, -1 for none. Tasks
    that are absent from either step do not count. torchmetrics' own Rand scores read values on the host, which a
    step may not.

    Args:
        num_tasks: ``M``, at least 1.

    Example:
        >>> stability = GroupStability(num_tasks=4)
        >>> for assignment in ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]):
        ...     stability.update(torch.tensor(assignment))
        >>> {name: value.item() for name, value in stability.compute().items()}
        {'rand': 0.75, 'adjusted_rand': 0.5, 'moves': 0.5, 'held': 0.5}
        >>> stability.task_moves
        tensor([0, 0, 1, 0])
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = True
    plot_upper_bound = 1.0
    previous: Tensor
    agreement: Tensor
    task_moves: Tensor
    held: Tensor
    steps: Tensor

    def __init__(self, num_tasks: int) -> None:
        super().__init__(sync_on_compute=False)  # every rank sees the same groups
        self.add_state("previous", torch.full((num_tasks,), -1, dtype=torch.int64), dist_reduce_fx=None)
        self.add_state("agreement", torch.zeros(2, dtype=torch.float64), dist_reduce_fx=None)
        self.add_state("task_moves", torch.zeros(num_tasks, dtype=torch.int64), dist_reduce_fx=None)
        self.add_state("held", torch.zeros((), dtype=torch.int64), dist_reduce_fx=None)
        self.add_state("steps", torch.full((), -1, dtype=torch.int64), dist_reduce_fx=None)

    @override
    def update(self, assignment: Tensor) -> None:
        check_assignment(assignment, len(self.previous))
        steps = torch.cat([self.previous[None], assignment.reshape(-1, len(self.previous))])
        moved = moved_tasks(steps[:-1], steps[1:])
        follows = torch.ones_like(steps[1:, 0], dtype=torch.bool)
        follows[:1] = self.steps >= 0
        self.agreement += (rand_indices(steps[:-1], steps[1:]) * follows[:, None]).sum(0)
        self.task_moves += moved.sum(0)
        self.held += (follows & ~moved.any(1)).sum()
        self.steps += len(moved)
        self.previous = steps[-1].clone()

    @override
    def compute(self) -> dict[str, Tensor]:
        steps = self.steps.clamp(min=1).float()
        rand, adjusted_rand = (self.agreement / steps).float()
        moves = self.task_moves.sum() / steps
        return {"rand": rand, "adjusted_rand": adjusted_rand, "moves": moves, "held": self.held / steps}

    @override
    def plot(
        self, val: dict[str, Tensor] | Sequence[dict[str, Tensor]] | None = None, ax: "Axes | None" = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot both indices, the moves per task and the share of steps that hold, all from 0 to 1.

        Args:
            val: A result of ``compute``, or several of them for curves; computed if not given.
            ax: Where to draw; a new figure if not given.
        """
        from lightning_go4align.plots.metrics import plot_lines

        found = self.compute() if val is None else val
        rows = [found] if isinstance(found, dict) else found
        num_tasks = len(self.previous)
        values = [[row["rand"], row["adjusted_rand"], row["moves"] / num_tasks, row["held"]] for row in rows]
        return plot_lines(values, ["Rand", "adjusted Rand", "moves per task", "steps that hold"], ax)


def moved_tasks(previous: Tensor, assignment: Tensor) -> Tensor:
    """Tell which tasks change group.

    Args:
        previous: Groups of the step before, shape ``[..., M]``, int64; -1 for none.
        assignment: Groups of this step, shape ``[..., M]``, int64; -1 for none.

    Returns:
        Mask, shape ``[..., M]``, bool; False for tasks absent from either step.

    Example:
        >>> moved_tasks(torch.tensor([0, 1, -1]), torch.tensor([0, 0, 1]))
        tensor([False,  True, False])
    """
    return (assignment != previous) & (assignment >= 0) & (previous >= 0)


def rand_indices(previous: Tensor, assignment: Tensor) -> Tensor:
    """Compare two groupings pair by pair.

    Args:
        previous: Groups of the step before, shape ``[..., M]``, int64; -1 for none.
        assignment: Groups of this step, shape ``[..., M]``, int64; -1 for none.

    Returns:
        Rand and adjusted Rand index over the tasks in both, shape ``[..., 2]``, float64 (float32 on MPS); 1 for
        fewer than two.

    Example:
        >>> rand_indices(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 2]))
        tensor([0.8333, 0.5714], dtype=torch.float64)
    """
    counted = shared_group(torch.where((previous >= 0) & (assignment >= 0), 0, -1)).triu(1)
    before, now = shared_group(previous) & counted, shared_group(assignment) & counted
    dtype = widest(previous.device)
    pairs, both, first, second = torch.stack([counted, before & now, before, now]).sum((-1, -2), dtype=dtype)
    rand = 1 - (first + second - 2 * both) / pairs.clamp(min=1)
    chance = first * second / pairs.clamp(min=1)
    room = (first + second) / 2 - chance
    adjusted = torch.where(room > 0, (both - chance) / room, 1.0)  # no room: both trivial and equal
    return torch.stack([rand, adjusted], dim=-1)
