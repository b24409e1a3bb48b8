"""What training steps found about their tasks: on the device, and on the host."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import lightning.pytorch as pl
import torch
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.shown_step import step_html, step_text


@dataclass(frozen=True, eq=False)
class StepRecord:
    """What one training step found about its tasks: on the losses' device, the same on every rank.

    A driver makes it, once for each batch. It goes to the update, to loggers and to monitors, and nobody changes it.

    Args:
        tasks: Names of the ``M`` tasks.
        losses: Task losses, shape ``[M]``, detached; NaN for an absent task.
        objective: What the backward pass starts from, shape ``[]``, detached.
        reported: The losses with 0 for an absent task, and NaN where one was not finite on some rank, shape ``[M]``.
        weights: Task weights, the objective's gradient in each loss, shape ``[M]``; None if the method has none.
        indicators: Group indicators, shape ``[M]``; None if the method does not group.
        grouping: Groups of the tasks; None if the method does not group.
        is_idle: Whether a method without weights made a gradient of 0 from one that is not, shape ``[]``; None if it
            has weights.

    Example:
        >>> import torch
        >>> losses = torch.tensor([2.0, torch.nan])
        >>> StepRecord(("depth", "normal"), losses, losses.nansum(), losses).not_finite
        tensor([False,  True])
    """

    tasks: tuple[str, ...]
    losses: Tensor
    objective: Tensor
    reported: Tensor
    weights: Tensor | None = None
    indicators: Tensor | None = None
    grouping: Grouping | None = None
    is_idle: Tensor | None = None

    def __repr__(self) -> str:
        return step_text(self)

    def _repr_html_(self) -> str:
        return step_html(self)

    def without_tasks(self) -> "StepRecord":
        """What there is to record of a step of the same tasks that has none of them."""
        nothing = torch.full_like(self.losses, torch.nan)
        return StepRecord(self.tasks, nothing, self.objective, torch.zeros_like(self.reported))

    def copied(self) -> "StepRecord":
        """Copy what a method found into memory of the record's own, which the method's next step leaves alone."""
        return replace(
            self,
            objective=self.objective.clone(),
            weights=None if self.weights is None else self.weights.clone(),
            indicators=None if self.indicators is None else self.indicators.clone(),
            grouping=None if self.grouping is None else Grouping(*(part.clone() for part in self.grouping)),
        )

    @property
    def not_finite(self) -> Tensor:
        """Which tasks had a loss that was not finite, on any rank, shape ``[M]``, bool; an absent task had none."""
        return self.reported.isfinite().logical_not()

    @property
    def task_weights(self) -> dict[str, Tensor]:
        """The weight of each task, a tensor of shape ``[]``; none if the method has none."""
        return {} if self.weights is None else dict(zip(self.tasks, self.weights.unbind(), strict=True))

    @property
    def groups(self) -> dict[str, Tensor]:
        """The group of each task, an int64 tensor of shape ``[]``, -1 for none; none if the method does not group."""
        return {} if self.grouping is None else dict(zip(self.tasks, self.grouping.assignment.unbind(), strict=True))


class WatchedSteps(NamedTuple):
    """Consecutive steps on the host, for monitors.

    Args:
        tasks: Names of the ``M`` tasks.
        groups: Groups, shape ``[T, M]``, int64; -1 for none.
        weights: Weights, shape ``[T, M]``, float32; NaN for none.
        indicators: Group indicators, shape ``[T, M]``, float32; NaN for none.
        losses: Losses, shape ``[T, M]``, float32; infinite where one was not finite, NaN for an absent task.
    """

    tasks: tuple[str, ...]
    groups: Tensor
    weights: Tensor
    indicators: Tensor
    losses: Tensor


@runtime_checkable
class StepWatcher(Protocol):
    """A callback that ``MultiTaskCallback`` hands every step to, on rank 0."""

    def record_steps(self, steps: WatchedSteps) -> None:
        """Take the steps since the last time; called whenever the host reads."""

    def log_steps(self, trainer: pl.Trainer) -> dict[str, float]:
        """Say what loggers are to get of them; called at the trainer's interval, after they were recorded."""


class TaskSteps(NamedTuple):
    """The first or the last step in which something was so of each of ``M`` tasks, or -1.

    Args:
        bad_loss: The loss was not finite.
        bad_weight: The weight was not finite.
        negative: The loss was below 0.
        unweighted: The weight was 0, and the loss was not.
        fed: The task had its part of the weighted loss, or had learned what there is.
        starved: Its part was below a thousandth of an even one, see ``fed_and_starved``.
        lost: Neither its loss nor any other was finite.
        idle: It had a loss, and nothing was trained of what tasks share: all weights or the whole gradient were 0.
    """

    bad_loss: list[int]
    bad_weight: list[int]
    negative: list[int]
    unweighted: list[int]
    fed: list[int]
    starved: list[int]
    lost: list[int]
    idle: list[int]

    @classmethod
    def never(cls, num_tasks: int) -> "TaskSteps":
        """Return what holds before the first step.

        Args:
            num_tasks: Number of tasks.

        Example:
            >>> TaskSteps.never(2).bad_loss
            [-1, -1]
        """
        return cls(*([-1] * num_tasks for _ in cls._fields))


class HostNumbers(NamedTuple):
    """The numbers of the last step on the host.

    Args:
        step: Number of optimizer steps so far.
        tasks: Names of the ``M`` tasks.
        last_steps: In which step something was last so of each task.
        objective: What the step's last batch was trained on, before it was multiplied with its part of the step; NaN
            if tasks had losses, and none of them was finite.
        losses: Task losses; NaN for an absent task.
        weights: Task weights; NaN for none.
        groups: Indicator and group of each task, and the weight of each group; None if the method does not group.
        watched: All steps since the last time that were kept for monitors; None if none were.
        first_steps: In which step something was first so of each task since it was last told; None for unknown.
    """

    step: int
    tasks: tuple[str, ...]
    last_steps: TaskSteps
    objective: float
    losses: list[float]
    weights: list[float]
    groups: tuple[list[float], list[float], list[float]] | None = None
    watched: WatchedSteps | None = None
    first_steps: TaskSteps | None = None
    lows: list[float] | None = None

    @property
    def lowest(self) -> list[float]:
        """The smallest loss of each task so far, or that of the last step where it is not known."""
        return self.losses if self.lows is None else self.lows

    def first_step(self, field: str, index: int) -> int:
        """Return in which step something was first so of a task since it was last told, as far as that is known."""
        steps: list[int] = getattr(self.first_steps or self.last_steps, field)
        return steps[index]

    def when(self, field: str, index: int) -> str:
        """Say in which step something was so of a task, and until which."""
        first, last = self.first_step(field, index), getattr(self.last_steps, field)[index]
        return f"step {last}" if first in (-1, last) else f"step {first}, and last in step {last}"
