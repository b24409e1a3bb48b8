"""Driving a loss-oriented method: from losses to an objective, and the weights that it implies."""

from collections.abc import Container, Sequence
from copy import deepcopy
from typing import Any

import torch
from lightning_utilities.core.rank_zero import rank_zero_info
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.learning import (
    BeginsBatches,
    learned_parameters,
    learning_after_step,
    parameter_groups,
)
from lightning_go4align.methods.missing import impute_missing, supports_missing
from lightning_go4align.methods.randomness import may_draw
from lightning_go4align.update.driver import learn_after_step
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.record import StepRecord
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks

# Fields of the record, and attributes of a method that tells them.
TOLD = (("weights", "task_weights"), ("indicators", "indicators"), ("grouping", "grouping"))


class ScalarizerDriver:
    """Drive a scalarizer, see ``Driver``: its objective's gradient in the losses is the weights.

    Where the method does not tell them, they are what the one backward pass leaves on its way through the losses.
    A method that does not take NaN for an absent or non-finite loss is given the task's last finite one instead.

    Args:
        method: The scalarizer. Parameters that it learns along (UW) are stepped by Adam at their own learning rate.
        random: What it draws from.
        tasks: The tasks.
    """

    backward = None

    def __init__(self, method: Scalarizer, random: RandomStream, tasks: KnownTasks) -> None:
        self.needs_post_step_losses = bool(learning_after_step(method))
        self._method = method
        self._random = random
        self._tasks = tasks
        self._supports_missing = supports_missing(method)
        self._may_draw = may_draw(method)
        self._counting = [part for part in method.modules() if isinstance(part, BeginsBatches)]
        self._last_step: StepRecord | None = None
        self._begun: tuple[Tensor, Tensor, Tensor, dict[str, Any]] | None = None  # Until its backward pass is done.
        self._tells: list[tuple[str, str]] | None = None
        self._before: StepRecord | None = None  # In the memory of the method.
        self._last: Tensor | None = None
        self._learned = learned_parameters(method)
        self._optimizer = _optimizer(method, self._learned)
        self._gradients: list[Tensor] | None = None
        self._earlier: list[Tensor] | None = None

    @property
    def last_step(self) -> StepRecord | None:
        if self._begun is not None:
            self._look_back(*self._begun)
        return self._last_step

    def _look_back(self, losses: Tensor, objective: Tensor, reported: Tensor, told: dict[str, Any]) -> None:
        """Make the record of a batch, with the weights as soon as its backward pass is done."""
        scale = objective.grad  # What accumulation and a scaler of half precision multiplied both gradients with.
        if scale is not None:
            weights = torch.zeros_like(losses.detach()) if losses.grad is None else losses.grad / scale
            told, self._begun = {**told, "weights": weights}, None
        self._last_step = self._record(losses, objective, reported, told)

    def _record(self, losses: Tensor, objective: Tensor, reported: Tensor, told: dict[str, Any]) -> StepRecord:
        record = StepRecord(tuple(self._tasks.names), losses.detach(), objective.detach(), reported, **told)
        # A method that is replayed as a CUDA graph, or works in place, has its results in the same memory in each
        # step. What was there before is held, so that nothing else can be.
        weights, before = record.weights, self._before
        self._before = record
        if before is None or before.objective.data_ptr() == record.objective.data_ptr():
            return record.copied()
        reused = (
            weights is not None and before.weights is not None and weights.data_ptr() == before.weights.data_ptr()
        )
        return record.copied() if reused else record

    def attach(self, module: nn.Module) -> None:
        self._tells = None
        self.leave_out(())  # As it was before an earlier fit.

    def leave_out(self, parameters: Container[int]) -> None:
        everything = learned_parameters(self._method)
        learned = [parameter for parameter in everything if id(parameter) not in parameters]
        if len(learned) == len(self._learned):
            return
        self._learned, self._optimizer = learned, _optimizer(self._method, learned)
        if len(learned) < len(everything):
            rank_zero_info(
                f"An optimizer of the module holds what {self._method} learns along, and steps it: its learning rate "
                "counts."
            )

    def begin_batch(self, first: bool) -> None:
        # Gradients of the batches before are kept, but of those of an earlier optimizer's step.
        for part in self._counting:
            part.begin_batch(first)
        if first:
            self._gradients = None
        self._earlier, self._begun = self._gradients, None

    def step(self, losses: Tensor, reported: Tensor, output: StepOutput, accumulation_scale: float) -> Tensor:
        objective = self._combine(losses if self._supports_missing else self._filled(losses))
        told = self._told_by_method()
        if objective.requires_grad and self._learned:
            told["weights"] = self._differentiate(objective, losses, accumulation_scale)
        if objective.requires_grad and told.get("weights") is None:
            losses.retain_grad()
            objective.retain_grad()
            self._begun = losses, objective, reported, told
        else:
            self._last_step, self._begun = self._record(losses, objective, reported, told), None
        return objective

    def _told_by_method(self) -> dict[str, Any]:
        if self._tells is None:  # Its first call may be what makes them. To miss an attribute costs a module dearly.
            self._tells = [names for names in TOLD if hasattr(self._method, names[1])]
        return {name: getattr(self._method, attribute) for name, attribute in self._tells}

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
            imputing = (part for part in self._method.modules() if hasattr(part, "last_losses"))
            last: Tensor | None = getattr(next(imputing, None), "last_losses", self._last)
            learn_after_step(self._method, self._random, losses, last)

    def _step_learned(self, optimizer: torch.optim.Adam) -> None:
        # The gradients are not those of the backward pass, which may be scaled for half precision.
        for parameter, gradient in zip(self._learned, self._gradients or (), strict=False):
            parameter.grad = gradient
        optimizer.step()
        optimizer.zero_grad()
        self._gradients = self._earlier = None

    def forget(self) -> None:
        self._last_step = self._begun = self._before = None

    def state_dict(self) -> dict[str, Any]:
        optimizer = None if self._optimizer is None else deepcopy(self._optimizer.state_dict())
        return {"last_losses": self._last, "optimizer": optimizer}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._last, self._gradients, self._earlier = state["last_losses"], None, None
        if self._optimizer is not None and state["optimizer"] is not None:
            self._optimizer.load_state_dict(deepcopy(state["optimizer"]))


def _optimizer(method: Scalarizer, learned: Sequence[nn.Parameter]) -> torch.optim.Adam | None:
    """Make what steps parameters of a method; None for none."""
    ids = {id(parameter) for parameter in learned}
    pairs = zip(learned_parameters(method), parameter_groups(method), strict=True)
    groups = [group for parameter, group in pairs if id(parameter) in ids]
    return torch.optim.Adam(groups) if groups else None
