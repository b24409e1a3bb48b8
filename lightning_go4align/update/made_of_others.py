"""Losses that are made of other ones, as their sum, which would count twice."""

from collections import deque
from collections.abc import Mapping

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor
from torch.autograd.graph import Node

NEAR = 1000  # Nodes of a loss's graph that are looked at: a sum of others lies at its very end.

Edge = tuple[Node | None, int]


def made_of_others(losses: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """Find the losses that are computed from others of them, or are the same tensor as an earlier one.

    Args:
        losses: Task losses with their graph, by the names of their tasks.

    Returns:
        The tasks whose losses each of those is made of, in order; of the others nothing.

    Example:
        >>> import torch
        >>> depth, normal = torch.ones(2, requires_grad=True).square().unbind()
        >>> made_of_others({"depth": depth, "normal": normal, "total": depth + 0.1 * normal})
        {'total': ['depth', 'normal']}
    """
    ends: dict[str, Edge] = {task: (loss.grad_fn, loss.output_nr) for task, loss in losses.items() if loss.grad_fn}
    owners = {end: task for task, end in reversed(ends.items())}  # The first of those that are one tensor.
    found = {task: _met(end, owners) if owners[end] == task else {owners[end]} for task, end in ends.items()}
    return {task: [other for other in losses if other in met] for task, met in found.items() if met}


def _met(end: Edge, owners: Mapping[Edge, str]) -> set[str]:
    """Walk down the graph of a loss from its end, as far as the ends of others."""
    met, seen, waiting = set[str](), set[Node](), deque([end[0]])
    while waiting and len(seen) < NEAR:
        node = waiting.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        for edge in node.next_functions:
            if edge in owners:
                met.add(owners[edge])
            else:
                waiting.append(edge[0])
    return met


def warn_of_sums(losses: Mapping[str, Tensor]) -> None:
    """Warn of losses that are made of others, in one message.

    Args:
        losses: As for ``made_of_others``.
    """
    found = made_of_others(losses)
    if found:
        made = "; ".join(f"that of {task!r} of {parts}" for task, parts in found.items())
        rank_zero_warn(
            f"Task losses are made of others: {made}. If it is their sum, leave it out, or what it is made of counts "
            "twice: the method makes the sum. What is no task of its own belongs beside them, {'task_losses': {...}, "
            "'total': ...}, or into `self.log`."
        )
