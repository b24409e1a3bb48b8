"""Driving a gradient-oriented method: from the Jacobian of the task losses to a gradient."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.autojac import backward as jacobian_backward
from torchjd.autojac import jac_to_grad

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.hidden import explained
from lightning_go4align.update.known_tasks import KnownTasks
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.shared import SharedParameters
from lightning_go4align.update.task_losses import StepOutput, is_distributed


class AggregatorWeighting:
    """Drive an aggregator: the Jacobian of the shared parameters, averaged over ranks, becomes their gradient.

    Parameters that are not shared, the heads, get the gradient of the sum of the losses, as in TorchJD; under an
    aggregator with ``weighs_heads`` that of the weighted sum, as in the published MGDA, IMTL-G and Nash-MTL. While
    all shared parameters are frozen the heads alone are trained. Rows of absent or non-finite losses are left out,
    for which the host reads which they are. The Jacobian is aggregated in float32 or wider, and the gradient then has
    its parameter's dtype.

    Args:
        method: The aggregator.
        random: What it draws from.
        tasks: The tasks.
    """

    def __init__(self, method: Aggregator, random: RandomStream, tasks: KnownTasks) -> None:
        self.method = method
        self._random = random
        self._tasks = tasks
        self.weights: Tensor | None = None
        self.indicators: Tensor | None = None
        self.grouping: Grouping | None = None
        self.last_losses: Tensor | None = None
        self._parameters = SharedParameters(nn.Identity())
        self._losses: Tensor | None = None

    def attach(self, module: nn.Module) -> None:
        """Get ready for a fit.

        Args:
            module: The module that is trained. Its ``shared_parameters()`` names the shared ones; without that they
                are found from the losses' graphs at the first step.
        """
        self._parameters = SharedParameters(module)

    def begin_batch(self, first: bool) -> None:
        """Nothing is kept from one batch to the next.

        Args:
            first: Whether the batch is the first of its optimizer's step.
        """

    def objective(self, losses: Tensor, output: StepOutput, share: float) -> Tensor:
        """Form the sum of the losses, which stands for the objective where one number is wanted.

        Args:
            losses: Task losses, shape ``[M]``, with their graph.
            output: What the step returned.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            Their sum, shape ``[]``.
        """
        self._parameters.look(output, self._tasks.names)
        self._losses = losses * share
        return losses.nansum()

    def backward(self, *_: Any, **__: Any) -> None:
        """Stand in the place of the module's ``backward``."""
        losses, self._losses = self._losses, None
        assert losses is not None
        rows = losses.detach().isfinite().nonzero()[:, 0]
        if len(rows) == 0:
            self.weights, self.indicators, self.grouping = torch.zeros_like(losses, requires_grad=False), None, None
            return
        present = losses.index_select(0, rows)
        ones = torch.ones_like(present, requires_grad=False)
        if not self._parameters.shared:
            self.weights, self.indicators, self.grouping = self._spread(ones, rows, losses), None, None
            self._backward_heads(present, ones)
            return
        weights = self._backward_shared(present)
        self._tell(weights, rows, losses.detach())
        own: Tensor | None = getattr(self.method, "head_weights", None)
        weighed = weights if getattr(self.method, "weighs_heads", False) else own
        self._backward_heads(present, ones if weighed is None else weighed.to(losses))

    def _backward_shared(self, losses: Tensor) -> Tensor | None:
        shared = self._parameters.shared
        with explained():
            jacobian_backward([losses], inputs=shared, retain_graph=True, parallel_chunk_size=1)
        for parameter in shared:
            jacobian: Tensor = parameter.jac  # type: ignore[attr-defined]  # TorchJD's field
            # Aggregators decompose matrices and ask solvers on the host, neither of which takes half precision.
            jacobian = jacobian.to(torch.promote_types(jacobian.dtype, torch.float32))
            _average(jacobian)
            parameter.jac = jacobian  # type: ignore[attr-defined]  # as above
        weights: Tensor | None = self._random.draw(losses.device, jac_to_grad, shared, self.method)
        return weights

    def _tell(self, weights: Tensor | None, rows: Tensor, losses: Tensor) -> None:
        """Give what the method found of the tasks that are present its place among all of them."""
        indicators: Tensor | None = getattr(self.method, "indicators", None)
        grouping: Grouping | None = getattr(self.method, "grouping", None)
        self.weights = None if weights is None else self._spread(weights.to(losses), rows, losses)
        self.indicators = None if indicators is None else self._spread(indicators, rows, losses, torch.nan)
        self.grouping = None
        if grouping is not None:
            assignment = self._spread(grouping.assignment, rows, losses, -1)
            self.grouping = Grouping(assignment, grouping.group_weights)

    def _spread(self, values: Tensor, rows: Tensor, losses: Tensor, gap: float = 0.0) -> Tensor:
        return values.new_full(losses.shape, gap).index_copy(0, rows, values)

    def _backward_heads(self, losses: Tensor, outer: Tensor) -> None:
        heads = self._parameters.heads
        if not heads:
            return
        gradients = torch.autograd.grad(losses, heads, outer, materialize_grads=True)
        for parameter, gradient in zip(heads, gradients, strict=True):
            _average(gradient)
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient

    def after_step(self) -> None:
        """Nothing is learned beside the aggregator's own state."""

    def state_dict(self) -> dict[str, Any]:
        """Return what is beside the method's own state: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore it.

        Args:
            state: What ``state_dict`` returned.
        """


def _average(tensor: Tensor) -> None:
    if is_distributed():
        dist.all_reduce(tensor)
        tensor /= dist.get_world_size()
