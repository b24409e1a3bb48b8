"""A method with its tasks: what is the same whoever drives the training step."""

from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.fixed import name_tasks
from lightning_go4align.methods.learning import learning_after_epoch, learning_after_step
from lightning_go4align.methods.state import full_state, load_full_state, move_state
from lightning_go4align.update.gradient_oriented import AggregatorWeighting
from lightning_go4align.update.last_bad_step import LastBadStep
from lightning_go4align.update.loss_oriented import ScalarizerWeighting
from lightning_go4align.update.random_stream import RandomStream, next_seed
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

    Attributes:
        tasks: Names of the tasks, in the order of the first step or of the checkpoint; empty before.
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

    def __init__(self, method: Scalarizer | Aggregator) -> None:
        self.method = method
        self.tasks: list[str] = []
        self.losses = torch.empty(0)
        self.bad = LastBadStep()
        self.looks_twice = bool(learning_after_step(method))
        self._found: Tensor | None = None
        self._random = RandomStream()
        self.weighting: ScalarizerWeighting | AggregatorWeighting = (
            ScalarizerWeighting(method, self._random)
            if isinstance(method, Scalarizer)
            else AggregatorWeighting(method, self._random)
        )
        self._module: nn.Module = nn.Identity()
        self._epoch = self._seed = 0
        self._device: torch.device | None = None
        self._loaded: dict[str, Any] | None = None

    def attach(self, module: nn.Module) -> None:
        """Get ready to train a module.

        Args:
            module: The module.
        """
        self.weighting.attach(module)
        self._module, self._device, self._seed = module, None, next_seed()
        self.bad = LastBadStep()

    def objective(self, output: StepOutput, device: torch.device, share: float) -> Tensor | None:
        """Form the objective of a batch.

        Args:
            output: What the step returned.
            device: Where the losses are to be.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            The objective, shape ``[]``; None if no task is present on any rank.
        """
        if not output.present and not is_distributed():
            return None
        if not self.tasks:
            tasks, self._random.seed = agree_at_the_start(list(output.losses), self._seed)
            self._meet(tasks)
        if not self.tasks:
            return None
        self._move(device)
        local = stack_losses(self.tasks, output, device)
        complete = len(output.present) == len(self.tasks)
        found = local if complete else stack_losses(self.tasks, output, device, gap=0.0)
        losses, self._found = average_over_ranks(local if output.present else self._tied(local), found.detach())
        objective = self.weighting.objective(losses, output, share)
        self.losses = losses.detach()
        return objective

    def _meet(self, tasks: list[str]) -> None:
        self.tasks = tasks
        if tasks:
            name_tasks(self.method, tasks)

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
        losses = stack_losses(self.tasks, output, device)
        losses, _ = average_over_ranks(losses, losses)
        last = self.weighting.last_losses
        losses = losses if last is None else torch.where(losses.isfinite(), losses, last)
        for part in learning_after_step(self.method):
            self._random.draw(device, part.update, losses)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the method that the epoch before is over, once, also if the run was resumed between the two.

        Args:
            epoch: Number of the epoch that begins, or goes on after a resume.
        """
        for part in learning_after_epoch(self.method) if self.tasks and epoch != self._epoch else ():
            part.step()
        self._epoch = epoch

    def _move(self, device: torch.device) -> None:
        if device != self._device:
            move_state(self.method, device)
            self.weighting.load_state_dict(self._loaded or self.weighting.state_dict())
            self._device, self._loaded = device, None

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on, in types that ``torch.load(weights_only=True)`` reads.

        Returns:
            Names of the tasks, the epoch, the method in words, its full state, and what its driver keeps.
        """
        return {
            "tasks": self.tasks,
            "epoch": self._epoch,
            "method": repr(self.method),
            "state": full_state(self.method),
            "weighting": self._loaded or self.weighting.state_dict(),
            "random": self._random.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a saved state.

        Args:
            state: What ``state_dict`` returned.

        Raises:
            MisconfigurationException: If it was saved under another method or with other arguments.
        """
        if state["method"] != repr(self.method):
            raise MisconfigurationException(
                f"The checkpoint was trained with {state['method']}, but `model.method` is {self.method!r}. "
                "Resume with the same method, or start anew from its weights with `load_from_checkpoint`."
            )
        load_full_state(self.method, state["state"])
        self._random.load_state_dict(state["random"])
        self._meet(list(state["tasks"]))
        self._loaded, self._device, self._epoch = state["weighting"], None, state["epoch"]
