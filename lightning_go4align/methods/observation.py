"""What some methods want to see of a step beside its losses or its Jacobian."""

from typing import Protocol, runtime_checkable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lightning_go4align.functional.ranks import is_distributed


@runtime_checkable
class ObservesLosses(Protocol):
    """An aggregator that wants the task losses as well as their gradients (DB-MTL)."""

    def observe_losses(self, losses: Tensor, /) -> None:
        """Take the losses of the step, shape ``[M]``, detached; NaN for an absent task. Called before each step."""


@runtime_checkable
class ObservesRepresentation(Protocol):
    """A method that wants what the shared network hands to the heads (GradNorm, NTKMTL-SR)."""

    def observe_representation(self, representation: Tensor, /) -> None:
        """Take the shared representation of the batch, shape ``[B, ...]``, with its graph; before each step."""


def observes_representation(method: nn.Module) -> bool:
    """Tell whether a method, or one within it, wants the shared representation.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        True if ``training_step`` has to return it.

    Example:
        >>> from lightning_go4align.methods import GO4Align, NTKMTLSR
        >>> observes_representation(NTKMTLSR()), observes_representation(GO4Align())
        (True, False)
    """
    return any(isinstance(part, ObservesRepresentation) for part in method.modules())


def observes(method: nn.Module) -> bool:
    """Tell whether a method, or one within it, wants to see more of a step than its losses or its Jacobian.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        True if ``observe`` has something to show it.

    Example:
        >>> from lightning_go4align.methods import DBMTL, GO4Align
        >>> observes(DBMTL()), observes(GO4Align())
        (True, False)
    """
    return any(isinstance(part, ObservesLosses | ObservesRepresentation) for part in method.modules())


def observe(method: nn.Module, losses: Tensor, representation: Tensor | None = None) -> None:
    """Show a method, and the methods in it, what they want to see of the step.

    Args:
        method: A scalarizer or an aggregator.
        losses: Task losses, shape ``[M]``, detached; NaN for an absent task.
        representation: What the shared network hands to the heads, shape ``[B, ...]``, with its graph.

    Raises:
        ValueError: If the method wants the representation and there is none.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> observe(GO4Align(), torch.ones(3))
    """
    for part in method.modules():
        if isinstance(part, ObservesLosses):
            part.observe_losses(losses)
        if isinstance(part, ObservesRepresentation):
            if representation is None:
                raise ValueError(
                    f"{type(part).__name__} weighs tasks by their gradients in the shared representation, but none "
                    "was given. Name the heads that get it in `task_heads()` of the module, or return it beside the "
                    "losses: {'task_losses': {...}, 'representation': features}."
                )
            part.observe_representation(representation)


class UnusedRepresentationError(ValueError):
    """No loss depends on the representation that the method was shown."""


def gradients_in(representation: Tensor | None, losses: Tensor) -> Tensor:
    """Differentiate each loss in the shared representation; one backward pass through the heads for each task.

    Args:
        representation: What ``observe_representation`` took, shape ``[B, ...]``.
        losses: Task losses, shape ``[M]``, with their graph.

    Returns:
        Gradients, shape ``[M, B, D]``, detached; zero where a loss does not depend on the representation, or is not
        finite.

    Raises:
        ValueError: If no representation was observed before the call.
        UnusedRepresentationError: If none of all the tasks' losses depends on it.

    Example:
        >>> features = torch.ones(2, 1, requires_grad=True)
        >>> gradients_in(features, torch.stack([features.sum(), features.square().sum()]))[:, :, 0]
        tensor([[1., 1.],
                [2., 2.]])
    """
    if representation is None:
        raise ValueError("Call `observe_representation(features)` before each call of the method.")
    present = losses.detach().isfinite()
    found = [
        torch.autograd.grad(loss, representation, retain_graph=True, allow_unused=True)[0]
        for loss in losses.masked_fill(present.logical_not(), 0).unbind()
    ]
    if representation.numel() and all(gradient is None for gradient in found) and bool(present.all()):
        raise UnusedRepresentationError(
            "No loss depends on the shared representation that the method was shown, so that nothing can be weighed "
            "by it. Of a network that is compiled as a whole it is no part of the graph: compile the shared part and "
            "the heads apart, or take a method that needs no representation."
        )
    gradients = [torch.zeros_like(representation) if gradient is None else gradient for gradient in found]
    flat = torch.stack(gradients).flatten(2) if representation.dim() > 1 else torch.stack(gradients)[..., None]
    return torch.where(present[:, None, None], flat, 0)


def sum_over_ranks(squares: Tensor) -> Tensor:
    """Sum up what ranks that train together have of squares of gradients in the representation.

    Each has the gradients of its own rows. Under data-parallel training the loss of a rank is that of its rows alone,
    while the step follows the mean over the ranks: with it the sum is that of one process on the joined batch.

    Args:
        squares: Of any shape, the same on each rank.

    Returns:
        The sum over the ranks, divided by the square of their number; of one process what it was given.

    Example:
        >>> sum_over_ranks(torch.tensor([4.0]))
        tensor([4.])
    """
    if not is_distributed():
        return squares
    joined = squares.clone()
    dist.all_reduce(joined)
    return joined / dist.get_world_size() ** 2
