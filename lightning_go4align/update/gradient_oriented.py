"""Driving a gradient-oriented method: from the Jacobian of the task losses to a gradient."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.autojac import backward as jacobian_backward
from torchjd.autojac import jac_to_grad

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.shared import find_shared_parameters
from lightning_go4align.update.task_losses import StepOutput, is_distributed


class AggregatorWeighting:
    """Drive an aggregator: the Jacobian of the shared parameters, averaged over ranks, becomes their gradient.

    Parameters that are not shared, the heads, get the gradient of the sum of the losses, as in TorchJD; under an
    aggregator with ``weighs_heads`` that of the weighted sum, as in the published MGDA, IMTL-G and Nash-MTL. Rows of
    absent or non-finite losses are left out, for which the host reads which they are.

    Args:
        method: The aggregator.
        random: What it draws from.
    """

    def __init__(self, method: Aggregator, random: RandomStream) -> None:
        self.method = method
        self._random = random
        self.weights: Tensor | None = None
        self.indicators: Tensor | None = None
        self.grouping: Grouping | None = None
        self.last_losses: Tensor | None = None
        self._shared: list[nn.Parameter] = []
        self._heads: list[nn.Parameter] = []
        self._trained: list[bool] = []
        self._known: set[int] = set()
        self._losses: Tensor | None = None

    def attach(self, module: nn.Module) -> None:
        """Get ready for a fit.

        Args:
            module: The module that is trained. Its ``shared_parameters()`` names the shared ones; without that they
                are found from the losses' graphs at the first step.
        """
        self._module = module
        self._trained, self._known = [], set()

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
        trained = [parameter.requires_grad for parameter in self._module.parameters()]
        if trained != self._trained:  # At first, and where parameters are frozen or thawed.
            if not self._known or _is_complete(output, losses):
                self._look_for_shared(output)
                self._trained = trained
            self._divide_parameters()
        self._losses = losses * share
        return losses.nansum()

    def _look_for_shared(self, output: StepOutput) -> None:
        every = [parameter for parameter in self._module.parameters() if parameter.requires_grad]
        named: Callable[[], Iterable[nn.Parameter]] | None = getattr(self._module, "shared_parameters", None)
        found = find_shared_parameters(output, every) if named is None else named()
        self._known |= {id(parameter) for parameter in found}

    def _divide_parameters(self) -> None:
        every = [parameter for parameter in self._module.parameters() if parameter.requires_grad]
        self._shared = [parameter for parameter in every if id(parameter) in self._known]
        self._heads = [parameter for parameter in every if id(parameter) not in self._known]
        if not self._shared:
            raise MisconfigurationException(
                "A gradient-oriented method needs shared parameters to train, but all of them are frozen. Thaw some, "
                "or use a loss-oriented method."
            )

    def backward(self, *_: Any, **__: Any) -> None:
        """Stand in the place of the module's ``backward``."""
        losses, self._losses = self._losses, None
        assert losses is not None
        rows = losses.detach().isfinite().nonzero()[:, 0]
        if len(rows) == 0:
            self.weights, self.indicators, self.grouping = torch.zeros_like(losses, requires_grad=False), None, None
            return
        present = losses.index_select(0, rows)
        jacobian_backward([present], inputs=self._shared, retain_graph=True, parallel_chunk_size=1)
        for parameter in self._shared:
            _average(parameter.jac)  # type: ignore[attr-defined]  # TorchJD's field
        weights = self._random.draw(losses.device, jac_to_grad, self._shared, self.method)
        self._tell(weights, rows, losses.detach())
        weighed = weights if getattr(self.method, "weighs_heads", False) else None
        self._backward_heads(present, torch.ones_like(present) if weighed is None else weighed.to(losses))

    def _tell(self, weights: Tensor | None, rows: Tensor, losses: Tensor) -> None:
        """Give what the method found of the tasks that are present its place among all of them."""

        def spread(values: Tensor, gap: float) -> Tensor:
            return values.new_full(losses.shape, gap).index_copy(0, rows, values)

        indicators: Tensor | None = getattr(self.method, "indicators", None)
        grouping: Grouping | None = getattr(self.method, "grouping", None)
        self.weights = None if weights is None else spread(weights.to(losses), 0.0)
        self.indicators = None if indicators is None else spread(indicators, torch.nan)
        self.grouping = (
            None if grouping is None else Grouping(spread(grouping.assignment, -1), grouping.group_weights)
        )

    def _backward_heads(self, losses: Tensor, outer: Tensor) -> None:
        if not self._heads:
            return
        gradients = torch.autograd.grad(losses, self._heads, outer, materialize_grads=True)
        for parameter, gradient in zip(self._heads, gradients, strict=True):
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


def _is_complete(output: StepOutput, losses: Tensor) -> bool:
    """Tell whether no rank's batch lacks a task."""
    missing = torch.tensor(len(losses) - len(output.present), device=losses.device)
    if is_distributed():
        dist.all_reduce(missing, dist.ReduceOp.MAX)
    return not missing.item()


def _average(tensor: Tensor) -> None:
    if is_distributed():
        dist.all_reduce(tensor)
        tensor /= dist.get_world_size()
