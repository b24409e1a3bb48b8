"""Driving a loss-oriented method: from losses to an objective, and the weights that it implies."""

from collections.abc import Container
from typing import Any

import torch
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.methods.learning import BeginsBatches, learning_after_step
from lightning_go4align.methods.missing import absent_tasks, impute_missing, supports_missing
from lightning_go4align.methods.randomness import may_draw
from lightning_go4align.methods.state import full_state
from lightning_go4align.update.driver import learn_after_step
from lightning_go4align.update.learned_along import LearnedAlong
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.record import StepRecord
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks

# Fields of the record, and attributes of a method that tells them.
TOLD = (("weights", "task_weights"), ("indicators", "indicators"), ("grouping", "grouping"))


class ScalarizerDriver:
    """Drive a scalarizer, see ``Driver``: its objective's gradient in the losses is the weights.

    Where the method does not tell them, they are what the one backward pass leaves on its way through the losses.
    A method that does not take NaN for an absent or non-finite loss is given the task's last finite one instead;
    what it learns of such a task stays as it is. An optimizer that asks for one batch several times (LBFGS, SAM) is
    answered with the weights of the first time: it searches one function, and a method learns once from each batch.

    Args:
        method: The scalarizer. What it learns along is stepped by ``LearnedAlong``.
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
        self._is_function = not self._may_draw and not _remembers(method)
        self._has_weighed = False  # In this batch.
        self._counting = [part for part in method.modules() if isinstance(part, BeginsBatches)]
        self._last_step: StepRecord | None = None
        self._begun: tuple[Tensor, Tensor, Tensor, dict[str, Any]] | None = None  # Until its backward pass is done.
        self._tells: list[tuple[str, str]] | None = None
        self._before: StepRecord | None = None  # In the memory of the method.
        self._last: Tensor | None = None
        self._along = LearnedAlong(method)
        self._absent: Tensor | None = None

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
        self._along.leave_out(parameters)

    def begin_batch(self, first: bool) -> None:
        for part in self._counting:
            part.begin_batch(first)
        if self._along.parameters:
            self._along.begin_batch(first)
        self._begun, self._has_weighed = None, False

    def step(self, losses: Tensor, reported: Tensor, output: StepOutput, accumulation_scale: float) -> Tensor:
        if self._has_weighed and not self._is_function and (known := self.last_step) and known.weights is not None:
            lost = losses.detach().isfinite().logical_not()
            return weighted_risk(losses.masked_fill(lost, 0), known.weights)
        self._has_weighed = True
        objective = self._combine(losses if self._supports_missing else self._filled(losses))
        told = self._told_by_method()
        if self._along.parameters or self.needs_post_step_losses:
            self._absent = absent_tasks(losses)
        if objective.requires_grad and self._along.parameters:
            told["weights"] = self._along.differentiate(objective, losses, self._absent, accumulation_scale)
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

    def update_after_step(self, losses: Tensor | None) -> None:
        if self._along.parameters:
            self._along.step()
        if losses is not None:
            imputing = (part for part in self._method.modules() if hasattr(part, "last_losses"))
            last: Tensor | None = getattr(next(imputing, None), "last_losses", self._last)
            learn_after_step(self._method, self._random, losses, last, self._absent)

    def forget(self) -> None:
        self._last_step = self._begun = self._before = None

    def state_dict(self) -> dict[str, Any]:
        return {"last_losses": self._last, "optimizer": self._along.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._last = state["last_losses"]
        self._along.load_state_dict(state["optimizer"])


def _remembers(method: Scalarizer) -> bool:
    """Whether a method has a state, so that it may answer the same losses otherwise the next time."""
    state = full_state(method)
    return bool(state["tensors"]) or any(state["attributes"].values())
