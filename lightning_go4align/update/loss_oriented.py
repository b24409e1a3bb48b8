"""Driving a loss-oriented method: from losses to an objective, and the weights that it implies."""

from typing import Any

import torch
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.methods.gaps import fill_gaps, takes_gaps
from lightning_go4align.methods.learning import learned_parameters, parameter_groups
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.task_losses import StepOutput


class ScalarizerWeighting:
    """Drive a scalarizer: its objective is differentiated once, and the gradient in the losses is the weights.

    A method that does not take NaN for an absent or non-finite loss is given the task's last finite one instead.

    Args:
        method: The scalarizer. Parameters that it learns along (UW) are stepped by Adam at their own learning rate.
        random: What it draws from.
    """

    def __init__(self, method: Scalarizer, random: RandomStream) -> None:
        self.method = method
        self._random = random
        self.weights: Tensor | None = None
        self._last: Tensor | None = None
        self._learned = learned_parameters(method)
        self._optimizer = torch.optim.Adam(parameter_groups(method)) if self._learned else None
        self._gradients: list[Tensor] | None = None
        self._earlier: list[Tensor] | None = None

    @property
    def last_losses(self) -> Tensor | None:
        """What stands for an absent loss, shape ``[M]``; None if the method takes NaN for it."""
        return getattr(self.method, "last_losses", self._last)

    @property
    def indicators(self) -> Tensor | None:
        """The last group indicators, shape ``[M]``; None if the method does not group."""
        return getattr(self.method, "indicators", None)

    @property
    def grouping(self) -> Grouping | None:
        """The last groups; None if the method does not group."""
        return getattr(self.method, "grouping", None)

    def attach(self, _: nn.Module) -> None:
        """Get ready for a fit; nothing of the module is needed."""

    def begin_batch(self, first: bool) -> None:
        """Keep the gradients of the batches before, but of those of an earlier optimizer's step.

        Args:
            first: Whether the batch is the first of its optimizer's step.
        """
        if first:
            self._gradients = None
        self._earlier = self._gradients

    def objective(self, losses: Tensor, output: StepOutput, share: float) -> Tensor:
        """Form the objective of one batch.

        Args:
            losses: Task losses, shape ``[M]``, with their graph.
            output: What the step returned.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            The objective, shape ``[]``, before it is multiplied with its share.
        """
        values = losses if takes_gaps(self.method) else self._filled(losses)
        objective: Tensor = self._random.draw(values.device, self.method, values)
        self.weights = getattr(self.method, "task_weights", None)
        if objective.requires_grad and (self.weights is None or self._learned):
            gradients = torch.autograd.grad(
                objective, [losses, *self._learned], retain_graph=True, materialize_grads=True
            )
            self.weights, learned = gradients[0], [gradient * share for gradient in gradients[1:]]
            # To those of the batches before: an optimizer that asks for one batch several times (LBFGS) has its last.
            before = self._earlier or [torch.zeros_like(gradient) for gradient in learned]
            self._gradients = [a + b for a, b in zip(before, learned, strict=True)]
        return objective

    def _filled(self, losses: Tensor) -> Tensor:
        values = fill_gaps(losses, self._last)
        self._last = values.detach()
        return values

    def after_step(self) -> None:
        """Let what the method learns follow the optimizer's step.

        The gradients are not those of the backward pass, which may be scaled for half precision.
        """
        if self._optimizer is not None:
            for parameter, gradient in zip(self._learned, self._gradients or (), strict=False):
                parameter.grad = gradient
            self._optimizer.step()
            self._optimizer.zero_grad()
            self._gradients = self._earlier = None

    def state_dict(self) -> dict[str, Any]:
        """Return what is beside the method's own state."""
        optimizer = None if self._optimizer is None else self._optimizer.state_dict()
        return {"last_losses": self._last, "optimizer": optimizer}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore it.

        Args:
            state: What ``state_dict`` returned.
        """
        self._last, self._gradients, self._earlier = state["last_losses"], None, None
        if self._optimizer is not None and state["optimizer"] is not None:
            self._optimizer.load_state_dict(state["optimizer"])
