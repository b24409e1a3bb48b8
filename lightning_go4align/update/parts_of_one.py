"""Losses that are parts of one tensor, through which each seems to depend on the heads of the others."""

from collections.abc import Iterable, Sequence

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor
from torch.autograd.graph import Node


class PartsOfOne:
    """Tell of parameters that seem to be shared only since the losses were one tensor on their way.

    ``torch.stack`` of what the heads give, reduced and indexed again, leaves no graph of one loss alone: each holds
    all heads, and gives those of other tasks gradients of 0. A parameter that one of these losses moves and the
    others do not is a head.

    Args:
        losses: Task losses, with their graph.

    Example:
        >>> a, b = torch.ones((), requires_grad=True), torch.ones((), requires_grad=True)
        >>> losses = torch.stack([a, b]).unbind()
        >>> parts = PartsOfOne(losses)
        >>> for loss in losses:
        ...     parts.add(torch.autograd.grad(loss, [a, b], retain_graph=True))
        >>> parts.heads()
        [0, 1]
    """

    def __init__(self, losses: Iterable[Tensor]) -> None:
        sources = [_source(loss) for loss in losses]
        self._are_parts = len(set(sources)) < len(sources)
        self._moved: list[list[bool]] = []

    def add(self, gradients: Sequence[Tensor | None]) -> None:
        """Take the gradients of the next loss.

        Args:
            gradients: That in each of the parameters; None where it does not depend on it.
        """
        if self._are_parts:
            self._moved.append([gradient is not None and _may_move(gradient) for gradient in gradients])

    def heads(self) -> list[int]:
        """Say which parameters one loss alone moves, by their numbers; none unless several losses have such."""
        alone = [column.index(True) if sum(column) == 1 else -1 for column in zip(*self._moved, strict=True)]
        return [j for j, task in enumerate(alone) if task >= 0] if len({*alone} - {-1}) > 1 else []

    def warn(self, names: Sequence[str]) -> None:
        """Warn where heads are taken as shared.

        Args:
            names: Those of the parameters.
        """
        if heads := self.heads():
            rank_zero_warn(
                "The task losses are parts of one tensor, so that to autograd each of them depends on the heads of "
                f"the others too: the gradient-oriented method takes {len(heads)} parameters as shared that one loss "
                f"alone moves, as {names[heads[0]]!r}. Name the shared ones in `shared_parameters()` of the module, "
                "or compute each loss by itself, without stacking what the heads give."
            )


def _source(loss: Tensor) -> Node | None:
    """Follow the graph of a loss down to where several tensors come together."""
    node = loss.grad_fn
    while node is not None and len(below := [edge[0] for edge in node.next_functions if edge[0] is not None]) == 1:
        [node] = below
    return node


def _may_move(gradient: Tensor) -> bool:
    """Tell whether any number of it differs from 0; of a part of a sharded or sparse one nobody knows."""
    return type(gradient) is not Tensor or gradient.layout != torch.strided or bool(gradient.any())
