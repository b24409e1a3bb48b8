"""Driving a gradient-oriented method: from the Jacobian of the task losses to a gradient."""

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torchjd.aggregation import Aggregator, WeightedAggregator
from torchjd.autojac import backward as jacobian_backward
from torchjd.autojac import jac_to_grad

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.ranks import is_distributed
from lightning_go4align.methods.learning import learning_after_step
from lightning_go4align.methods.some_tasks import some_tasks
from lightning_go4align.update.driver import learn_after_step
from lightning_go4align.update.hidden import explained
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.record import StepRecord
from lightning_go4align.update.shared import SharedParameters
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks


class AggregatorDriver:
    """Drive an aggregator, see ``Driver``: the Jacobian of the shared parameters becomes their gradient.

    Parameters that are not shared, the heads, get the gradient of the sum of the losses, as in TorchJD; under an
    aggregator with ``weighs_heads`` that of the weighted sum, as in the published MGDA, IMTL-G and Nash-MTL. While
    all shared parameters are frozen the heads alone are trained. Ranks average their Jacobians. Rows of absent or
    non-finite losses are left out, for which the host reads which they are; what the method remembers of these tasks
    stays. The Jacobian is aggregated in float32 or wider, and the gradient then has its parameter's dtype.

    Args:
        method: The aggregator.
        random: What it draws from.
        tasks: The tasks.
    """

    def __init__(self, method: Aggregator, random: RandomStream, tasks: KnownTasks) -> None:
        self.last_step: StepRecord | None = None
        self.needs_post_step_losses = bool(learning_after_step(method))
        self._method = method
        self._random = random
        self._tasks = tasks
        self._module: nn.Module = nn.Identity()
        self._parameters = SharedParameters(self._module)
        self._weighs_heads = bool(getattr(method, "weighs_heads", False))
        self._begun: tuple[StepRecord, Tensor] | None = None
        self._has_weights = isinstance(method, WeightedAggregator)
        self._is_idle: Tensor | None = None

    @property
    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters that tasks share, as far as they are known."""
        return self._parameters.shared

    def attach(self, module: nn.Module) -> None:
        # Its `shared_parameters()` names them; without that they are found from the losses' graphs at the first step.
        self._module, self._parameters = module, SharedParameters(module)

    def leave_out(self, parameters: Container[int]) -> None:
        """An aggregator learns nothing along with the model."""

    def begin_batch(self, first: bool) -> None:
        """Nothing is kept from one batch to the next."""

    def step(self, losses: Tensor, reported: Tensor, output: StepOutput, accumulation_scale: float) -> Tensor:
        """Form the sum of the losses, which stands for the objective; ``backward`` finds the weights."""
        self._parameters.look(output, self._tasks.names)
        objective = losses.nansum()
        record = StepRecord(tuple(self._tasks.names), losses.detach(), objective.detach(), reported)
        self._begun = record, losses * accumulation_scale
        return objective

    def backward(self, *_: Any, **__: Any) -> None:
        """Stand in the place of the module's ``backward``, and complete the record."""
        assert self._begun is not None
        (record, losses), self._begun = self._begun, None
        rows = losses.detach().isfinite().nonzero()[:, 0]
        if len(rows) == 0:
            self.last_step = replace(record, weights=torch.zeros_like(losses, requires_grad=False))
            return
        present = losses.index_select(0, rows)
        ones = torch.ones_like(present, requires_grad=False)
        if not self._parameters.shared:
            self.last_step = replace(record, weights=_spread(ones, rows, losses))
            self._backward_heads(present, ones)
            return
        weights = self._backward_shared(present, rows, len(losses))
        self.last_step = self._completed(record, weights, rows)
        own: Tensor | None = getattr(self._method, "head_weights", None)
        weighed = weights if self._weighs_heads else own
        self._backward_heads(present, ones if weighed is None else weighed.to(losses))

    def _backward_shared(self, losses: Tensor, rows: Tensor, number: int) -> Tensor | None:
        shared = self._parameters.shared
        with explained():
            jacobian_backward([losses], inputs=shared, retain_graph=True, parallel_chunk_size=1)
        for parameter in shared:
            jacobian: Tensor = parameter.jac.to_dense()  # type: ignore[attr-defined]  # TorchJD's field
            if jacobian.is_complex():
                raise TypeError(
                    f"{self._method!r} compares gradients, which have to be real, but tasks share a parameter of "
                    f"{jacobian.dtype}. Hold its real and imaginary part and join them in `forward` "
                    "(`torch.view_as_complex`), or take a loss-oriented method."
                )
            # Aggregators decompose matrices and ask solvers on the host, neither of which takes half precision.
            jacobian = jacobian.to(torch.promote_types(jacobian.dtype, torch.float32))
            if is_distributed():
                jacobian = _averaged(jacobian)
            parameter.jac = jacobian  # type: ignore[attr-defined]  # as above
        steep = None if self._has_weights else _any_moves(parameter.jac for parameter in shared)  # type: ignore[attr-defined]  # as above
        with self._without_others(rows, number) if len(rows) < number else nullcontext():
            weights: Tensor | None = self._random.draw(losses.device, jac_to_grad, shared, self._method)
        if steep is not None:
            gradients = (parameter.grad for parameter in shared if parameter.grad is not None)
            self._is_idle = steep & _any_moves(gradients).logical_not()
        return weights

    @contextmanager
    def _without_others(self, rows: Tensor, number: int) -> Iterator[None]:
        """Let the method go without tasks; refused in words where it cannot."""
        try:
            with some_tasks(self._method, rows, number):
                yield
        except ValueError as error:
            names, there = self._tasks.names, set(rows.tolist())
            away = [name for place, name in enumerate(names) if place not in there]
            raise ValueError(
                f"The tasks {away} have no finite loss in step {getattr(self._module, 'global_step', '?')}, and "
                f"{self._method!r} cannot go without them: {str(error).rstrip('.')}. Give each of them a finite loss "
                "in that batch, or take a method that goes with the tasks that are there, such as `UPGrad()`."
            ) from error

    def _completed(self, record: StepRecord, weights: Tensor | None, rows: Tensor) -> StepRecord:
        """Give what the method found of the tasks that are present its place among all of them."""
        losses = record.losses
        indicators: Tensor | None = getattr(self._method, "indicators", None)
        grouping: Grouping | None = getattr(self._method, "grouping", None)
        if grouping is not None:
            grouping = grouping._replace(assignment=_spread(grouping.assignment, rows, losses, -1))
        return replace(
            record,
            weights=None if weights is None else _spread(weights.to(losses), rows, losses),
            indicators=None if indicators is None else _spread(indicators, rows, losses, torch.nan),
            grouping=grouping,
            is_idle=self._is_idle,
        )

    def _backward_heads(self, losses: Tensor, outer: Tensor) -> None:
        heads = self._parameters.heads
        if not heads:
            return
        gradients = torch.autograd.grad(losses, heads, outer, materialize_grads=True)
        for parameter, gradient in zip(heads, gradients, strict=True):
            whole = _averaged(gradient)
            parameter.grad = whole if parameter.grad is None else parameter.grad + whole

    def update_after_step(self, losses: Tensor | None) -> None:
        if losses is not None:
            learn_after_step(self._method, self._random, losses, None)

    def forget(self) -> None:
        self.last_step = None

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """There is nothing beside the method's own state."""


def _spread(values: Tensor, rows: Tensor, losses: Tensor, gap: float = 0.0) -> Tensor:
    return values.new_full(losses.shape, gap).index_copy(0, rows, values)


def _any_moves(gradients: Iterable[Tensor]) -> Tensor:
    return torch.stack([(gradient != 0).any() for gradient in gradients]).any()


def _averaged(gradient: Tensor) -> Tensor:
    """Average over ranks, in memory of its own: parameters that are added or summed up share one gradient."""
    own = gradient.clone(memory_format=torch.contiguous_format)
    if is_distributed():
        dist.all_reduce(own)
        own /= dist.get_world_size()
    return own
