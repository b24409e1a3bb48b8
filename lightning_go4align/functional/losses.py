"""Task losses as a method takes them in a loop of the user's own."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lightning_go4align.functional.values import in_memory


def check_losses(losses: Tensor) -> Tensor:
    """Take a tensor of losses, of any shape as TorchJD's scalarizers do; a number is the loss of one task.

    Args:
        losses: Task losses, any shape, with their graph.

    Returns:
        The same, of torch's own class; integers and truth values, which have no graph, as float32.

    Raises:
        TypeError: If it is no tensor of real numbers.
        ValueError: If it holds no loss.

    Example:
        >>> check_losses(torch.tensor([1, 2]))
        tensor([1., 2.])
    """
    if not isinstance(losses, Tensor):
        raise TypeError(
            f"`losses` must be a tensor of task losses, but is a {type(losses).__name__}{_advice(losses)}."
        )
    if losses.numel() == 0:
        raise ValueError(f"`losses` must hold at least one loss, but has the shape {list(losses.shape)}.")
    if losses.is_complex():
        raise TypeError(f"`losses` must be real numbers, but is of {losses.dtype}.")
    return in_memory(plain(losses if losses.is_floating_point() else losses.to(torch.float32)))


def plain(losses: Tensor) -> Tensor:
    """Take a tensor of a class that only carries more along, such as MONAI's ``MetaTensor``, as torch's own.

    What a method keeps of it can then be loaded with ``weights_only=True``.

    Args:
        losses: Task losses, any shape, with their graph.

    Returns:
        The same numbers with the same graph; a tensor that stands for others (``DTensor``) as it is.

    Example:
        >>> class Carrying(Tensor): ...
        >>> type(plain(torch.ones(2).as_subclass(Carrying)))
        <class 'torch.Tensor'>
    """
    if type(losses) is Tensor:
        return losses
    own = type(losses).__mro__[: type(losses).__mro__.index(Tensor)]
    if any("__torch_dispatch__" in vars(kind) for kind in own):
        return losses
    return losses.as_subclass(Tensor)


def check_number_of_tasks(losses: Tensor, known: int) -> None:
    """Refuse another number of losses than the state is of.

    Args:
        losses: Task losses, shape ``[M]``.
        known: The number of tasks that the state is of.

    Raises:
        ValueError: If they differ.
    """
    if losses.numel() != known:
        raise ValueError(
            f"`losses` must hold {known} losses, one per task, as in the first call or in the checkpoint, but holds "
            f"{losses.numel()}. Mark an absent task with NaN, or call `reset()` for other tasks."
        )


def _advice(losses: object) -> str:
    if isinstance(losses, Mapping):
        return ": stack its losses, `torch.stack(list(losses.values()))`"
    if isinstance(losses, Sequence) and not isinstance(losses, str):
        return ": stack its losses, `torch.stack(losses)`"
    return ""
