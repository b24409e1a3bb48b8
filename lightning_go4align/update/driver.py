"""What a training step asks of that which drives a method."""

from collections.abc import Callable, Container
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_go4align.methods.learning import learning_after_step
from lightning_go4align.methods.missing import absent_tasks
from lightning_go4align.update.kept import kept
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.record import StepRecord
from lightning_go4align.update.task_losses import StepOutput


class Driver(Protocol):
    """Drives a method of either kind, ``ScalarizerDriver`` or ``AggregatorDriver``, one batch after the other.

    Attributes:
        needs_post_step_losses: Whether the method learns from the losses after the optimizer's step as well (FAMO).
        backward: What stands in the place of the module's ``backward``; None where that does its work.
    """

    needs_post_step_losses: bool

    @property
    def last_step(self) -> StepRecord | None:
        """What the last batch found; None before the first. Complete once its backward pass is done."""

    @property
    def backward(self) -> Callable[..., None] | None: ...

    def attach(self, module: nn.Module) -> None:
        """Get ready for a fit of a module."""

    def leave_out(self, parameters: Container[int]) -> None:
        """Leave parameters of the method to others, who step them.

        Args:
            parameters: Their ``id``s, among those of others.
        """

    def begin_batch(self, first: bool) -> None:
        """Get ready for a batch, the first of its optimizer's step or another."""

    def step(self, losses: Tensor, reported: Tensor, output: StepOutput, accumulation_scale: float) -> Tensor:
        """Weigh the losses of one batch.

        Args:
            losses: Task losses, shape ``[M]``, with their graph; NaN for an absent task.
            reported: As in ``StepRecord``.
            output: What the step returned.
            accumulation_scale: Share of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            The objective, shape ``[]``, with its graph, before it is multiplied with ``accumulation_scale``.
        """

    def update_after_step(self, losses: Tensor | None) -> None:
        """Let the method follow the optimizer's step.

        Args:
            losses: Losses of the same batch after it, shape ``[M]``; None if the method does not need them.
        """

    def forget(self) -> None:
        """Forget the last step."""

    def state_dict(self) -> dict[str, Any]:
        """Return what the next step depends on beside the method's own state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore it."""


def learn_after_step(
    method: nn.Module, random: RandomStream, losses: Tensor, last: Tensor | None, absent: Tensor | None = None
) -> None:
    """Give the parts of a method that learn from progress the losses after the optimizer's step.

    Of a task that had no finite loss before it or has none after it they learn nothing: what they have learned stays.

    Args:
        method: A scalarizer or an aggregator.
        random: What it draws from.
        losses: Task losses after the step, shape ``[M]``.
        last: What stands for one that is not finite, shape ``[M]``; None if nothing has to.
        absent: Which tasks were before the step, shape ``[M]``; None for none.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> method = FAMO(2)
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> learn_after_step(method, RandomStream(0), torch.tensor([0.5, 1.0]), None)
    """
    away = absent_tasks(losses)
    if away is not None and last is not None:
        losses = torch.where(away, last, losses)
    if away is not None and absent is not None:
        away = away | absent
    for part in learning_after_step(method):
        with torch.no_grad(), kept(absent if away is None else away, part.parameters(), partial(_optimizers, part)):
            random.draw(losses.device, part.update, losses)


def _optimizers(part: object) -> list[Optimizer]:
    """List what a part of a method holds to step itself with; TorchJD makes it in the first step."""
    return [value for value in vars(part).values() if isinstance(value, Optimizer)]
