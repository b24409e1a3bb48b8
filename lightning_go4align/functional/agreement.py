"""How well two groupings of the same tasks agree."""

import torch
from torch import Tensor

from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.functional.precision import widest
from lightning_go4align.functional.rand_index import rand_of_pairs


def shared_group(assignment: Tensor) -> Tensor:
    """Tell which pairs of tasks share a group.

    Args:
        assignment: Group of each task, shape ``[..., M]``, int64; -1 for none, which nothing shares.

    Returns:
        Mask, shape ``[..., M, M]``, bool, symmetric.

    Raises:
        TypeError: If it is no tensor.

    Example:
        >>> shared_group(torch.tensor([0, -1, 0]))
        tensor([[ True, False,  True],
                [False, False, False],
                [ True, False,  True]])
    """
    check_tensors(assignment=assignment)
    columns = assignment[..., None, :]
    return (assignment[..., :, None] == columns) & (columns >= 0)


def moved_tasks(previous: Tensor, assignment: Tensor) -> Tensor:
    """Tell which tasks change group.

    Args:
        previous: Groups of the step before, shape ``[..., M]``, int64; -1 for none.
        assignment: Groups of this step, shape ``[..., M]``, int64; -1 for none.

    Returns:
        Mask, shape ``[..., M]``, bool; False for tasks absent from either step.

    Raises:
        TypeError: If one is no tensor.

    Example:
        >>> moved_tasks(torch.tensor([0, 1, -1]), torch.tensor([0, 0, 1]))
        tensor([False,  True, False])
    """
    check_tensors(previous=previous, assignment=assignment)
    return (assignment != previous) & (assignment >= 0) & (previous >= 0)


def rand_indices(previous: Tensor, assignment: Tensor) -> Tensor:
    """Compare two groupings pair by pair.

    Args:
        previous: Groups of the step before, shape ``[..., M]``, int64; -1 for none.
        assignment: Groups of this step, shape ``[..., M]``, int64; -1 for none.

    Returns:
        Rand and adjusted Rand index over the tasks in both, shape ``[..., 2]``, float64 (float32 on MPS); NaN for
        fewer than two.

    Raises:
        TypeError: If one is no tensor.

    Example:
        >>> rand_indices(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 2]))
        tensor([0.8333, 0.5714], dtype=torch.float64)
    """
    check_tensors(previous=previous, assignment=assignment)
    counted = shared_group(torch.where((previous >= 0) & (assignment >= 0), 0, -1)).triu(1)
    before, now = shared_group(previous) & counted, shared_group(assignment) & counted
    dtype = widest(previous.device)
    pairs, both, first, second = torch.stack([counted, before & now, before, now]).sum((-1, -2), dtype=dtype)
    return torch.stack(rand_of_pairs(pairs, both, first, second), dim=-1)
