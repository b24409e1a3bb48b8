"""What a method learns along with the model, by an optimizer of its own."""

from collections.abc import Container, Sequence
from copy import deepcopy
from typing import Any

import torch
from lightning_utilities.core.rank_zero import rank_zero_info
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.learning import learned_parameters, parameter_groups
from lightning_go4align.update.kept import kept


class LearnedAlong:
    """Step what a method learns along (UW's log-variances) by Adam, at its own learning rate.

    A parameter of a scalarizer itself, not of a network within it, that has as many entries as there are tasks has
    one for each. In a step from all of whose batches a task is absent its entry stays, with its moments.

    Args:
        method: The scalarizer.

    Attributes:
        parameters: What is learned along.

    Example:
        >>> from torchjd.scalarization import UW
        >>> along, losses = LearnedAlong(UW(2)), torch.ones(2, requires_grad=True)
        >>> along.differentiate(along.method(losses), losses, None, 1.0)
        tensor([0.5000, 0.5000])
    """

    def __init__(self, method: Scalarizer) -> None:
        self.method = method
        self.parameters = learned_parameters(method)
        self._optimizer = _optimizer(method, self.parameters)
        own = [part for part in method.modules() if isinstance(part, Scalarizer)]
        self._own = {id(parameter) for part in own for parameter in part.parameters(recurse=False)}
        self._sums: tuple[list[Tensor], Tensor | None] | None = None  # Gradients; who is absent from all batches.
        self._earlier: tuple[list[Tensor], Tensor | None] | None = None

    def leave_out(self, parameters: Container[int]) -> None:
        """Leave some to others, who step them.

        Args:
            parameters: Their ``id``s, among those of others.
        """
        everything = learned_parameters(self.method)
        learned = [parameter for parameter in everything if id(parameter) not in parameters]
        if len(learned) == len(self.parameters):
            return
        self.parameters, self._optimizer = learned, _optimizer(self.method, learned)
        if len(learned) < len(everything):
            rank_zero_info(
                f"An optimizer of the module holds what {self.method} learns along, and steps it: its learning rate "
                "counts."
            )

    def begin_batch(self, first: bool) -> None:
        """Get ready for a batch: gradients of the batches before are kept, but of those of an earlier step.

        Args:
            first: Whether it is the first of its optimizer's step.
        """
        if first:
            self._sums = None
        self._earlier = self._sums

    def differentiate(self, objective: Tensor, losses: Tensor, absent: Tensor | None, scale: float) -> Tensor:
        """Find the weights, and add up the gradients of what is learned along.

        Args:
            objective: The objective, with its graph.
            losses: Task losses, shape ``[M]``, with their graph.
            absent: Which tasks are, shape ``[M]``; None for none.
            scale: Share of this batch in the optimizer's step.

        Returns:
            Derivatives of the objective in the losses, shape ``[M]``.
        """
        weights, *learned = torch.autograd.grad(
            objective, [losses, *self.parameters], retain_graph=True, materialize_grads=True
        )
        if absent is not None:
            pairs = zip(self.parameters, learned, strict=True)
            learned = [torch.where(absent, 0, b) if self._has_entries(p, absent) else b for p, b in pairs]
        # To those of the batches before.
        before, away = self._earlier or ([torch.zeros_like(gradient) for gradient in learned], absent)
        gradients = [a + b * scale for a, b in zip(before, learned, strict=True)]
        self._sums = gradients, None if away is None or absent is None else away & absent
        return weights

    def _has_entries(self, parameter: nn.Parameter, absent: Tensor) -> bool:
        return id(parameter) in self._own and parameter.shape == absent.shape

    def step(self) -> None:
        """Follow the gradients."""
        optimizer = self._optimizer
        if optimizer is None:
            return
        gradients, absent = self._sums or ((), None)
        # They are not those of the backward pass, which may be scaled for half precision.
        for parameter, gradient in zip(self.parameters, gradients, strict=False):
            parameter.grad = gradient
        with kept(absent, [p for p in self.parameters if id(p) in self._own], lambda: [optimizer]):
            optimizer.step()
        optimizer.zero_grad()
        self._sums = self._earlier = None

    def state_dict(self) -> dict[str, Any] | None:
        """Return the optimizer's state; None if nothing is learned along."""
        return None if self._optimizer is None else deepcopy(self._optimizer.state_dict())

    def load_state_dict(self, state: dict[str, Any] | None) -> None:
        """Restore it.

        Args:
            state: What ``state_dict`` returned.
        """
        self._sums = self._earlier = None
        if self._optimizer is not None and state is not None:
            self._optimizer.load_state_dict(deepcopy(state))


def _optimizer(method: Scalarizer, learned: Sequence[nn.Parameter]) -> torch.optim.Adam | None:
    """Make what steps parameters of a method; None for none."""
    ids = {id(parameter) for parameter in learned}
    pairs = zip(learned_parameters(method), parameter_groups(method), strict=True)
    groups = [group for parameter, group in pairs if id(parameter) in ids]
    return torch.optim.Adam(groups) if groups else None
