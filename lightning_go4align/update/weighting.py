"""From task losses to an objective and its gradient: the two kinds of methods, as a training step drives them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.autojac import backward as jacobian_backward
from torchjd.autojac import jac_to_grad
from torchjd.scalarization import Scalarizer

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.methods.learning import learned_parameters, parameter_groups
from lightning_go4align.update.shared import find_shared_parameters
from lightning_go4align.update.task_losses import StepOutput, is_distributed


class Signals(NamedTuple):
    """What a training step tells about its tasks: detached, on the losses' device, the same on every rank.

    Args:
        losses: Task losses, shape ``[M]``; NaN for an absent task.
        weights: Task weights, the objective's gradient in each loss, shape ``[M]``; None if the method has none.
        indicators: Group indicators, shape ``[M]``; None if the method does not group.
        grouping: Groups of the tasks; None if the method does not group.
    """

    losses: Tensor
    weights: Tensor | None
    indicators: Tensor | None
    grouping: Grouping | None


class ScalarizerWeighting:
    """Drive a scalarizer: its objective is differentiated once, and the gradient in the losses is the weights.

    A method that does not say, by ``skips_missing``, that it takes NaN for an absent or non-finite loss is given the
    task's last finite one instead, without a graph: its weight is then 0, and no NaN enters the method's state.

    Args:
        method: The scalarizer. Parameters that it learns along (UW) are stepped by Adam at their own learning rate.
    """

    def __init__(self, method: Scalarizer) -> None:
        self.method = method
        self.weights: Tensor | None = None
        self.last_losses: Tensor | None = None
        self._learned = learned_parameters(method)
        self._optimizer = torch.optim.Adam(parameter_groups(method)) if self._learned else None
        self._gradients: list[Tensor] | None = None

    def attach(self, _: nn.Module) -> None:
        """Get ready for a fit; nothing of the module is needed."""

    def objective(self, losses: Tensor, output: StepOutput, share: float) -> Tensor:
        """Form the objective of one batch.

        Args:
            losses: Task losses, shape ``[M]``, with their graph.
            output: What the step returned.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            The objective, shape ``[]``, before it is multiplied with its share.
        """
        values = losses if getattr(self.method, "skips_missing", False) else self._without_gaps(losses)
        objective: Tensor = self.method(values)
        self.weights = getattr(self.method, "task_weights", None)
        if objective.requires_grad and (self.weights is None or self._learned):
            gradients = torch.autograd.grad(
                objective, [losses, *self._learned], retain_graph=True, materialize_grads=True
            )
            self.weights, learned = gradients[0], [gradient * share for gradient in gradients[1:]]
            before = self._gradients or [torch.zeros_like(gradient) for gradient in learned]
            self._gradients = [a + b for a, b in zip(before, learned, strict=True)]
        return objective

    def _without_gaps(self, losses: Tensor) -> Tensor:
        last = torch.ones_like(losses) if self.last_losses is None else self.last_losses.to(losses)
        values = torch.where(losses.detach().isfinite(), losses, last)
        self.last_losses = values.detach()
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
            self._gradients = None

    def state_dict(self) -> dict[str, Any]:
        """Return what is beside the method's own state."""
        optimizer = None if self._optimizer is None else self._optimizer.state_dict()
        return {"last_losses": self.last_losses, "optimizer": optimizer}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore it.

        Args:
            state: What ``state_dict`` returned.
        """
        self.last_losses, self._gradients = state["last_losses"], None
        if self._optimizer is not None and state["optimizer"] is not None:
            self._optimizer.load_state_dict(state["optimizer"])


class AggregatorWeighting:
    """Drive an aggregator: the Jacobian of the shared parameters, averaged over ranks, becomes their gradient.

    Parameters that are not shared, the heads, get the gradient of the sum of the losses, as in TorchJD; under an
    aggregator with ``weighs_heads`` that of the weighted sum, as in the published MGDA, IMTL-G and Nash-MTL. Rows of
    absent or non-finite losses are left out, for which the host reads which they are.

    Args:
        method: The aggregator.
    """

    def __init__(self, method: Aggregator) -> None:
        self.method = method
        self.weights: Tensor | None = None
        self.last_losses: Tensor | None = None
        self._shared: list[nn.Parameter] = []
        self._heads: list[nn.Parameter] = []
        self._losses: Tensor | None = None

    def attach(self, module: nn.Module) -> None:
        """Get ready for a fit.

        Args:
            module: The module that is trained. Its ``shared_parameters()`` names the shared ones; without that they
                are found from the losses' graphs at the first step.
        """
        self._module = module
        self._shared, self._heads = [], []

    def objective(self, losses: Tensor, output: StepOutput, share: float) -> Tensor:
        """Form the sum of the losses, which stands for the objective where one number is wanted.

        Args:
            losses: Task losses, shape ``[M]``, with their graph.
            output: What the step returned.
            share: Of this batch in the optimizer's step: 1 over the number of batches accumulated.

        Returns:
            Their sum, shape ``[]``.
        """
        if not self._shared:
            self._divide_parameters(output)
        self._losses = losses * share
        return losses.nansum()

    def _divide_parameters(self, output: StepOutput) -> None:
        every = [parameter for parameter in self._module.parameters() if parameter.requires_grad]
        named: Callable[[], Iterable[nn.Parameter]] | None = getattr(self._module, "shared_parameters", None)
        self._shared = find_shared_parameters(output, every) if named is None else list(named())
        shared = {id(parameter) for parameter in self._shared}
        self._heads = [parameter for parameter in every if id(parameter) not in shared]

    def backward(self, *_: Any, **__: Any) -> None:
        """Stand in the place of the module's ``backward``."""
        losses, self._losses = self._losses, None
        assert losses is not None
        rows = losses.detach().isfinite().nonzero()[:, 0]
        if len(rows) == 0:
            self.weights = torch.zeros_like(losses, requires_grad=False)
            return
        present = losses.index_select(0, rows)
        jacobian_backward([present], inputs=self._shared, retain_graph=True, parallel_chunk_size=1)
        for parameter in self._shared:
            _average(parameter.jac)  # type: ignore[attr-defined]  # TorchJD's field
        weights: Tensor | None = jac_to_grad(self._shared, self.method)
        self.weights = None if weights is None else torch.zeros_like(losses).index_copy(0, rows, weights.to(losses))
        weighed = weights if getattr(self.method, "weighs_heads", False) else None
        self._backward_heads(present, torch.ones_like(present) if weighed is None else weighed.to(losses))

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


def make_weighting(method: Scalarizer | Aggregator) -> ScalarizerWeighting | AggregatorWeighting:
    """Choose by the kind of method how it is driven.

    Args:
        method: A TorchJD scalarizer or aggregator.

    Returns:
        Its driver.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> type(make_weighting(Sum())).__name__
        'ScalarizerWeighting'
    """
    return ScalarizerWeighting(method) if isinstance(method, Scalarizer) else AggregatorWeighting(method)


def _average(tensor: Tensor) -> None:
    if is_distributed():
        dist.all_reduce(tensor)
        tensor /= dist.get_world_size()
