"""How long groups last."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.agreement import moved_tasks, rand_indices
from lightning_go4align.functional.arguments import as_integer
from lightning_go4align.metrics.co_assignment import check_assignment
from lightning_go4align.metrics.precision import PreciseMetric
from lightning_go4align.metrics.successive import Successive
from lightning_go4align.metrics.values import curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNSEEN = -2  # in the place of the groups of a step, where there was none; -1 is a task that is absent from one


class GroupStability(Successive, PreciseMetric):
    """Agreement of the groups with those of the step before, averaged over the steps.

    ``compute`` gives the Rand index and the adjusted Rand index (both 1 for equal groups, without unit),
    ``moves``, the tasks that change group in a step, and ``held``, the share of steps in which none does. Each is of
    the steps that can tell: those in which two tasks, or one, are in a group as in the step before; NaN without any.
    ``update`` takes the groups of one step, shape ``[M]``, or of several, ``[T, M]``; int64, -1 for none. ``forward``
    takes the same and compares these steps alone, the first of them with the last before. torchmetrics' own Rand
    scores read values on the host, which a step may not.

    Args:
        num_tasks: ``M``, at least 1.
        kwargs: torchmetrics' own; ``sync_on_compute`` is False unless given, since every rank sees the same groups.

    Example:
        >>> stability = GroupStability(num_tasks=4)
        >>> for assignment in ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]):
        ...     stability.update(torch.tensor(assignment))
        >>> {name: value.item() for name, value in stability.compute().items()}
        {'rand': 0.75, 'adjusted_rand': 0.5, 'moves': 0.5, 'held': 0.5}
        >>> stability.task_moves
        tensor([0, 0, 1, 0])
        >>> each = GroupStability(num_tasks=4)
        >>> [each(torch.tensor(groups))["moves"].item() for groups in ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1])]
        [nan, 0.0, 1.0]
    """

    higher_is_better = None  # of the moves it is false, of the rest true
    is_differentiable = False
    plot_upper_bound = 1.0
    first: Tensor
    previous: Tensor
    agreement: Tensor
    task_moves: Tensor
    held: Tensor
    steps: Tensor
    compared: Tensor

    def __init__(self, num_tasks: int, **kwargs: Any) -> None:
        super().__init__(**{"sync_on_compute": False, **kwargs})
        size = as_integer("num_tasks", num_tasks, least=1)
        # Of equal groups the largest is any of them; where ranks see different ones, `compute` does not use them.
        for name in ("first", "previous"):
            self.add_state(name, torch.full((size,), _UNSEEN, dtype=torch.int64), dist_reduce_fx="max")
        self.add_state("agreement", torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("task_moves", torch.zeros(size, dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("held", "steps", "compared"):
            self.add_state(name, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, assignment: Tensor) -> None:
        check_assignment(assignment, len(self.previous))
        previous = self.before()["previous"]
        steps = torch.cat([previous[None], assignment.reshape(-1, len(previous)).clamp(min=-1)])
        self._compare(steps)
        self.first = torch.where(self.first == _UNSEEN, steps[:2][-1], self.first)
        self.previous = steps[-1].clone()

    def _compare(self, steps: Tensor) -> None:
        before, now = steps[:-1], steps[1:]
        moved, follows = moved_tasks(before, now), ((before >= 0) & (now >= 0)).any(1)
        agreement = rand_indices(before, now)
        self.agreement += agreement.nan_to_num(0).sum(0)
        self.task_moves += moved.sum(0)
        self.held += (follows & ~moved.any(1)).sum()
        self.steps += follows.sum()
        self.compared += agreement[:, 0].isfinite().sum()

    @override
    def _merge(self, states: dict[str, Any]) -> None:
        self._compare(torch.stack([self.previous, states["first"]]))
        for name in ("agreement", "task_moves", "held", "steps", "compared"):
            setattr(self, name, getattr(self, name) + states[name])
        self.first = torch.where(self.first == _UNSEEN, states["first"], self.first)
        self.previous = torch.where(states["previous"] == _UNSEEN, self.previous, states["previous"])

    @override
    def compute(self) -> dict[str, Tensor]:
        steps = self.steps.float()
        rand, adjusted_rand = (self.agreement / self.compared).float()
        moves = self.task_moves.sum() / steps
        return {"rand": rand, "adjusted_rand": adjusted_rand, "moves": moves, "held": self.held / steps}

    @override
    def plot(
        self, val: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]] | None = None, ax: "Axes | None" = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot both indices, the moves per task and the share of steps that hold, all from 0 to 1.

        Args:
            val: A result of ``compute``, or several of them for curves; computed if not given.
            ax: Where to draw; a new figure if not given.
        """
        from lightning_go4align.plots.metrics import plot_lines

        found = self.compute() if val is None else val
        rows = [found] if isinstance(found, Mapping) else found
        curves = {name: curve_of([row[name] for row in rows]) for name in ("rand", "adjusted_rand", "moves", "held")}
        curves["moves"] = [moves / len(self.previous) for moves in curves["moves"]]
        names = ["Rand", "adjusted Rand", "moves per task", "steps that hold"]
        return plot_lines(list(zip(*curves.values(), strict=True)), names, ax)
