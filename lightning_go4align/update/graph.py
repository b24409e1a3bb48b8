"""The graph that autograd keeps of a step."""

from collections.abc import Iterable, Iterator

from torch import Tensor
from torch.autograd.graph import Node


def nodes_of(losses: Iterable[Tensor]) -> Iterator[Node]:
    """List what stands in the graph of losses, each node once; no backward pass is run.

    Args:
        losses: Of one graph or of several; those without one add nothing.

    Example:
        >>> import torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> len(list(nodes_of([x.exp().sum(), (2 * x).sum()])))
        5
    """
    waiting = [loss.grad_fn for loss in losses]
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node
            waiting += [below for below, _ in node.next_functions]
