"""Pairs of tasks over many steps at once, on the host, where the number of groups can be read."""

import torch
from torch import Tensor


def members(groups: Tensor) -> Tensor:
    """Spread groups into ones and zeros.

    Args:
        groups: Groups of the tasks, shape ``[T, M]``, int64; -1 for none.

    Returns:
        Who is in which group, shape ``[T, K, M]``, float32, ``K`` being the groups in use in any step.

    Example:
        >>> members(torch.tensor([[0, 1, -1]]))
        tensor([[[1., 0., 0.],
                 [0., 1., 0.]]])
    """
    ranks = torch.arange(int(groups.max()) + 1)
    return (groups[:, None] == ranks[:, None]).to(torch.float32)


def count_pairs(found: Tensor) -> Tensor:
    """Count the steps in which two tasks share a group.

    Args:
        found: Who is in which group, shape ``[T, K, M]``, float32.

    Returns:
        Counts, shape ``[M, M]``, int64.

    Example:
        >>> count_pairs(members(torch.tensor([[0, 0], [0, 1]])))
        tensor([[2, 1],
                [1, 2]])
    """
    rows = found.reshape(-1, found.shape[-1])
    return (rows.T @ rows).to(torch.int64)  # exact: float32 counts to 16 million


def rand_indices_between(before: Tensor, now: Tensor) -> Tensor:
    """Compare groupings through their contingency tables: :math:`O(K^2)` numbers a step and not :math:`O(M^2)`.

    Args:
        before: Who is in which group in the step before, shape ``[T, K, M]``, float32.
        now: Who is in which group, shape ``[T, K, M]``, float32.

    Returns:
        Rand and adjusted Rand index over the tasks in both, shape ``[T, 2]``, float64, as
        ``metrics.group_stability.rand_indices`` has them.

    Example:
        >>> before, now = members(torch.tensor([[0, 0, 1, 1]])), members(torch.tensor([[0, 0, 1, 2]]))
        >>> rand_indices_between(before, now)
        tensor([[0.8333, 0.5714]], dtype=torch.float64)
    """
    table = (before @ now.mT).to(torch.float64)
    pairs, both = (_pairs(size) for size in (table.sum((1, 2)), table))
    first, second = _pairs(table.sum(2)).sum(1), _pairs(table.sum(1)).sum(1)
    both = both.sum((1, 2))
    rand = 1 - (first + second - 2 * both) / pairs.clamp(min=1)
    chance = first * second / pairs.clamp(min=1)
    room = (first + second) / 2 - chance
    return torch.stack([rand, torch.where(room > 0, (both - chance) / room, 1.0)], dim=1)


def _pairs(size: Tensor) -> Tensor:
    return size * (size - 1) / 2
