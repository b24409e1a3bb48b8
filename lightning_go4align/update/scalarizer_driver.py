"""Driving a loss-oriented method: from losses to an objective, and the weights that it implies."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.learning import learned_parameters, learning_after_step, parameter_groups
from lightning_go4align.methods.missing import impute_missing, supports_missing
from lightning_go4align.methods.randomness import may_draw
from lightning_go4align.update.driver import learn_after_step
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.record import StepRecord
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks


class ScalarizerDriver:
    """Drive a scalarizer, see ``Driver``: its objective's gradient in the losses is the weights.

    A method that does not take NaN for an absent or non-finite loss is given the task's last finite one instead.

    Args:
        method: The scalarizer. Parameters that it learns along (UW) are stepped by Adam at their own learning rate.
        random: What it draws from.
        tasks: The tasks.
    """

    backward = None

    def __init__(self, method: Scalarizer, random: RandomStream, tasks: KnownTasks) -> None:
        self.last_step: StepRecord | None = None
        self.needs_post_step_losses = bool(learning_after_step(method))
        self._method = method
        self._random = random
        self._tasks = tasks
        self._supports_missing = supports_missing(method)
        self._may_draw = may_draw(method)
        self._last: Tensor | None = None
        self._learned = learned_parameters(method)
        self._optimizer = torch.optim.Adam(parameter_groups(method)) if self._learned else None
        self._gradients: list[Tensor] | None = None
        self._earlier: list[Tensor] | None = None

    def attach(self, module: nn.Module) -> None:
        """Nothing of the module is needed."""

    def begin_batch(self, first: bool) -> None:
        # Gradients of the batches before are kept, but of those of an earlier optimizer's step.
        if first:
            self._gradients = None
        self._earlier = self._gradients

    def step(self, losses: Tensor, reported: Tensor, output: StepOutput, accumulation_scale: float) -> StepRecord:
        values = losses if self._supports_missing else self._filled(losses)
        objective = self._combine(values)
        weights: Tensor | None = getattr(self._method, "task_weights", None)
        if objective.requires_grad and (weights is None or self._learned):
            weights = self._differentiate(objective, losses, accumulation_scale)
        record = StepRecord(
            tasks=tuple(self._tasks.names),
            losses=losses.detach(),
            objective=objective,
            reported=reported,
            weights=weights,
            indicators=getattr(self._method, "indicators", None),
            grouping=getattr(self._method, "grouping", None),
        )
        self.last_step = replace(record, objective=objective.detach())
        return record

    def _combine(self, losses: Tensor) -> Tensor:
        if not self._may_draw:
            objective: Tensor = self._method(losses)
            return objective
        return self._random.draw(losses.device, self._method, losses)

    def _filled(self, losses: Tensor) -> Tensor:
        values = impute_missing(losses, self._last)
        self._last = values.detach()
        return values

    def _differentiate(self, objective: Tensor, losses: Tensor, accumulation_scale: float) -> Tensor:
        """Find the weights, and add up the gradients of what is learned along."""
        weights, *learned = torch.autograd.grad(
            objective, [losses, *self._learned], retain_graph=True, materialize_grads=True
        )
        # To those of the batches before: an optimizer that asks for one batch several times (LBFGS) has its last.
        before = self._earlier or [torch.zeros_like(gradient) for gradient in learned]
        self._gradients = [a + b * accumulation_scale for a, b in zip(before, learned, strict=True)]
        return weights

    def update_after_step(self, losses: Tensor | None) -> None:
        if self._optimizer is not None:
            self._step_learned(self._optimizer)
        if losses is not None:
            last: Tensor | None = getattr(self._method, "last_losses", self._last)
            learn_after_step(self._method, self._random, losses, last)

    def _step_learned(self, optimizer: torch.optim.Adam) -> None:
        # The gradients are not those of the backward pass, which may be scaled for half precision.
        for parameter, gradient in zip(self._learned, self._gradients or (), strict=False):
            parameter.grad = gradient
        optimizer.step()
        optimizer.zero_grad()
        self._gradients = self._earlier = None

    def forget(self) -> None:
        self.last_step = None

    def state_dict(self) -> dict[str, Any]:
        optimizer = None if self._optimizer is None else deepcopy(self._optimizer.state_dict())
        return {"last_losses": self._last, "optimizer": optimizer}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._last, self._gradients, self._earlier = state["last_losses"], None, None
        if self._optimizer is not None and state["optimizer"] is not None:
            self._optimizer.load_state_dict(deepcopy(state["optimizer"]))
