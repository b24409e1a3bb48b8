"""One layer of the dynamic programme in O(M log M): the nodes of one depth of the recursion side by side."""

import torch
from torch import Tensor


def best_by_halves(before: Tensor, sums: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Choose for each node the one above it from which a cluster down to it gains most.

    The best choice never falls from node to node, since the gains have Monge's property: that of a node lies between
    those of its neighbours of the depths before. So a depth has hardly more candidates than there are nodes.

    Args:
        before: What the points above each node gain with one cluster less, shape ``[N]``; minus infinity where none
            may end.
        sums: Sums of the points above each node, shape ``[N]``.
        counts: Numbers of them.

    Returns:
        The most that the points above each node can gain, and the first choice that does, both ``[N]``.

    Example:
        >>> sums, counts = torch.tensor([0.0, 1.0, 2.0, 2.0]), torch.tensor([0.0, 1.0, 2.0, 3.0])
        >>> best_by_halves(sums**2 / counts.clamp(min=1), sums, counts)  # the points 1, 1 and 0
        (tensor([0., 1., 2., 2.]), tensor([0, 0, 0, 2]))
    """
    number = len(before)
    half = 1 << (number - 1).bit_length()
    table = torch.stack([before, sums, counts])
    # Of node + 1, so that the nodes of a depth are the odd multiples of `half`; those beyond the last never get any.
    choices = torch.full_like(before[:1], number - 1, dtype=torch.int64).repeat(half + 1)
    choices[0] = 0
    gains = torch.zeros_like(before)
    while half > 0:
        nodes = slice(half - 1, number, 2 * half)
        if nodes.start < number:
            starts = choices[: number + 1 - half : 2 * half]
            gains[nodes], choices[half : number + 1 : 2 * half] = _best_between(table, starts, nodes)
        half //= 2
    return gains, choices[1 : number + 1]


def _best_between(table: Tensor, lowest: Tensor, nodes: slice) -> tuple[Tensor, Tensor]:
    """Find the best choices of nodes, each from its lowest on up to that of the next."""
    number, targets = table.shape[1], table[1:, nodes]
    # Candidates in one row: the last one of a node is once more the first one of the next.
    starts = lowest + torch.arange(len(lowest), device=lowest.device)
    positions = torch.arange(number + len(lowest) - 1, device=lowest.device)
    target = torch.searchsorted(starts, positions, right=True) - 1
    choice = positions - target
    before, sums, counts = table.index_select(1, choice)
    end_sums, end_counts = targets.index_select(1, target)
    sizes = end_counts - counts
    gains = (before + (end_sums - sums).square() / sizes.clamp(min=1)).masked_fill(sizes < 0, -torch.inf)
    best = torch.full_like(targets[0], -torch.inf).scatter_reduce(0, target, gains, "amax")
    reached = torch.where(gains == best.index_select(0, target), choice, number)
    return best, torch.full_like(lowest, number).scatter_reduce(0, target, reached, "amin")
