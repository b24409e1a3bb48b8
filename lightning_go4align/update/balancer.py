"""A method with its tasks: what is the same whoever drives the training step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.learning import learning_after_epoch, learning_after_step
from lightning_go4align.methods.observation import observe
from lightning_go4align.methods.state import move_state
from lightning_go4align.update.gradient_oriented import AggregatorWeighting
from lightning_go4align.update.last_bad_step import LastBadStep
from lightning_go4align.update.loss_oriented import ScalarizerWeighting
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.random_stream import start_seed
from lightning_go4align.update.signals import Signals
from lightning_go4align.update.task_losses import (
    StepOutput,
    agree_at_the_start,
    average_over_ranks,
    is_distributed,
    stack_losses,
)


class Balancer:
    """Weigh the losses of one step after the other, under the names of their tasks.

    Args:
        method: A TorchJD scalarizer or aggregator.
        declared: Names of all tasks; those of the first step if none are given.

    Attributes:
        losses: Task losses of the last step, shape ``[M]``, detached; empty before the first.
        bad: In which step each task's loss, and each weight, was last not finite.
        looks_twice: Whether the method learns from the losses after the optimizer's step as well.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> balancer = Balancer(Sum())
        >>> balancer.attach(nn.Linear(1, 1))
        >>> weight = torch.ones((), requires_grad=True)
        >>> output = StepOutput({"depth": weight * 2, "normal": weight * 3})
        >>> balancer.objective(output, torch.device("cpu"), share=1.0)
        tensor(5., grad_fn=<SumBackward0>)
        >>> balancer.tasks
        ['depth', 'normal']
    """

    def __init__(self, method: Scalarizer | Aggregator, declared: Sequence[str] = ()) -> None:
        self.method = method
        self.losses = torch.empty(0)
        self.bad = LastBadStep()
        self.looks_twice = bool(learning_after_step(method))
        self._found: Tensor | None = None
        self._memory = Memory(method, declared)
        self._module: nn.Module = nn.Identity()
        self._seed = 0
        self._device: torch.device | None = None

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, as declared, or in the order of the first step or of the checkpoint; empty before."""
        return self._memory.tasks.names

    @property
    def weighting(self) -> ScalarizerWeighting | AggregatorWeighting:
        """What drives the method."""
        return self._memory.weighting

    def begin_anew(self) -> bool:
        """Get ready for a fit that does not go on with an earlier one: forget what was learned there.

        Returns:
            Whether there was anything to forget.
        """
        forgets = self._memory.begin_anew()
        if forgets:
            self.losses = torch.empty(0)
        return forgets

    def attach(self, module: nn.Module) -> None:
        """Get ready to train a module.

        Args:
            module: The module.
        """
        self.weighting.attach(module)
        self._module, self._device, self._seed = module, None, start_seed()
        self.bad = LastBadStep()

    def objective(self, output: StepOutput, device: torch.device, share: float) -> Tensor | None:
        """Form the objective of a batch.

        Args:
            output: What the step returned.
            device: Where the losses are to be.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            The objective, shape ``[]``; None if no task is present on any rank.

        Raises:
            ValueError: If the step returned a task that is not known, or what is no loss.
        """
        if not output.present and not is_distributed():
            return None
        self._memory.tasks.select(output, self._module)
        is_first = self._memory.random.seed is None
        if is_first:
            self._agree(list(output.losses))
        if not self.tasks:
            return None
        self._move(device)
        local = stack_losses(self.tasks, output, device)
        complete = len(output.present) == len(self.tasks)
        found = local if complete else stack_losses(self.tasks, output, device, gap=0.0)
        losses, self._found = average_over_ranks(local if output.present else self._tied(local), found.detach())
        observe(self.method, losses.detach(), output.extras.get("representation"))
        self._memory.has_trained = True
        objective = self._weigh(losses, output, share, is_first)
        self.losses = losses.detach()
        return objective

    def _agree(self, names: list[str]) -> None:
        """Let all ranks begin with the same tasks and the same stream."""
        names, seed = agree_at_the_start(self.tasks or names, self._seed)
        if names:
            self._memory.random.seed = seed
            self._memory.tasks.meet(names)

    def _weigh(self, losses: Tensor, output: StepOutput, share: float, is_first: bool) -> Tensor:
        try:
            return self.weighting.objective(losses, output, share)
        except ValueError as error:
            if not is_first or self._memory.tasks.declared:
                raise
            raise ValueError(
                f"{error} The tasks are those of the first step, {self.tasks}: if others come later, declare all of "
                "them, `MultiTaskCallback(method, tasks=[...])`."
            ) from error

    def check(self, step: int) -> None:
        """Note which of the losses and of the weights are not finite, without reading them.

        Args:
            step: Number of the optimizer's step that the batch belongs to.
        """
        if self._found is not None:
            weights = self.weighting.weights
            self.bad.note(step, self._found, torch.zeros_like(self._found) if weights is None else weights)
            self._found = None

    def _tied(self, losses: Tensor) -> Tensor:
        """Let a rank without any task take part in the backward pass of the others, with gradients of 0."""
        every = [parameter.sum() for parameter in self._module.parameters() if parameter.requires_grad]
        return losses + 0 * torch.stack(every).sum()

    @property
    def signals(self) -> Signals | None:
        """What the last step told; None before the first."""
        if len(self.losses) == 0:
            return None
        weighting = self.weighting
        return Signals(self.losses, weighting.weights, weighting.indicators, weighting.grouping)

    def look_again(self, output: StepOutput, device: torch.device) -> None:
        """Give the method the losses of the same batch after the optimizer's step.

        Args:
            output: What the step returned the second time.
            device: Where the losses are to be.
        """
        if not self.tasks or not (output.present or is_distributed()):
            return
        self._memory.tasks.select_again(output)
        losses = stack_losses(self.tasks, output, device)
        losses, _ = average_over_ranks(losses, losses)
        last = self.weighting.last_losses
        losses = losses if last is None else torch.where(losses.isfinite(), losses, last)
        for part in learning_after_step(self.method):
            self._memory.random.draw(device, part.update, losses)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the method that the epoch before is over, once, also if the run was resumed between the two.

        Args:
            epoch: Number of the epoch that begins, or goes on after a resume.
        """
        for part in learning_after_epoch(self.method) if self.tasks and epoch != self._memory.epoch else ():
            part.step()
        self._memory.epoch = epoch

    def _move(self, device: torch.device) -> None:
        if device != self._device:
            move_state(self.method, device)
            self.weighting.load_state_dict(self.weighting.state_dict())  # It goes where its parameters are now.
            self._device = device

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on, see ``Memory``."""
        return self._memory.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a saved state; nothing changes if that is not possible.

        Args:
            state: What ``state_dict`` returned.
        """
        self._memory.load_state_dict(state)
        self._device = None
