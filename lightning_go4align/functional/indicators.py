"""Risk-guided group indicators (Section 3.3 of the paper), of tensors or of NumPy's arrays.

On the few numbers that tasks are, a call costs all and NumPy's cost a third of torch's: what lies in host memory is
handed over as arrays.
"""

from types import ModuleType
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Reduction = Literal["sum", "mean"]
Array = TypeVar("Array", Tensor, NDArray[np.float64])


def scale_vector(losses: Array, reduction: Reduction = "mean") -> Array:
    r"""Weigh tasks by how far their loss lies below the others (Eq. 5).

    .. math:: p^m = \tilde L / L^m

    Args:
        losses: Task losses, shape ``[M]``. A task whose loss is not positive and finite takes no part.
        reduction: What :math:`\tilde L` is: ``"mean"``, the average loss of Eq. 5, or ``"sum"``, ``M`` times that,
            which is the total of the losses, as the authors' code has it, where all take part: weights of the size
            of a plain sum's, if the losses are of like size.

    Returns:
        Scale vector, shape ``[M]``, without unit; with ``"mean"`` 1 for a task whose loss is the average. NaN
        where a task takes no part.

    Raises:
        ValueError: If ``reduction`` is neither.

    Example:
        >>> scale_vector(torch.tensor([1.0, 2.0, 3.0]))
        tensor([2.0000, 1.0000, 0.6667])
    """
    check_reduction(reduction)
    if isinstance(losses, Tensor) and losses.dtype == torch.float16:  # Its sums end at 65504.
        return scale_vector(losses.to(torch.float32), reduction).to(torch.float16)
    xp: Any = _namespace(losses)
    counted = valid_losses(losses)
    total = xp.where(counted, losses, 0).sum()
    number = counted.sum(dtype=losses.dtype)
    # Of the other tasks' losses nothing is known: they count as average ones.
    total = total / number if reduction == "mean" else total * (len(losses) / number)
    return xp.where(counted, total / losses, xp.nan)  # type: ignore[no-any-return]  # one of two namespaces


def smoothness_vector(log_previous: Array, losses: Array, beta: float) -> Array:
    r"""Smooth the loss history of each task (Eq. 6), as a logarithm.

    .. math:: \mathcal Q_t = \sigma[\mathcal Q_{t-1} \odot \exp(-\beta L_t)]
              = \operatorname{softmax}(\log \mathcal Q_{t-1} - \beta L_t)

    The normalisation :math:`\sigma` is left to the reader of the state, who takes the softmax: the state of a
    task is then :math:`-\beta` times its own cumulative loss, which never underflows to 0 / 0 and which another
    task's absence does not move.

    Args:
        log_previous: Logarithm of the last smoothness vector up to a constant, shape ``[M]``; zeros at first.
        losses: Task losses, shape ``[M]``. A task whose loss is not positive and finite keeps its state.
        beta: Temperature, at least 0; 0 keeps every task at ``1 / M``.

    Returns:
        Logarithm of the smoothness vector up to a constant, shape and dtype of ``log_previous``.

    Example:
        >>> state = smoothness_vector(torch.zeros(2), torch.tensor([1.0, 2.0]), beta=1.0)
        >>> state.softmax(0)
        tensor([0.7311, 0.2689])
    """
    xp: Any = _namespace(losses)
    return xp.where(valid_losses(losses), log_previous - beta * losses, log_previous)  # type: ignore[no-any-return]  # as above


def masked_softmax(logits: Array, present: Array) -> Array:
    r"""Share out weights of mean :math:`1 / M` among the tasks that are present: :math:`\sigma` of Eq. 6.

    So a task weighs as much beside few others as beside many, and an absent one takes nothing from those present.

    Args:
        logits: Logarithms of the weights up to a constant, shape ``[M]``, such as those of the smoothness vector.
        present: Which tasks are, shape ``[M]``, bool.

    Returns:
        Weights, shape ``[M]``, summing to 1 if all tasks are present; 0 for an absent task. NaN if none is present.

    Example:
        >>> masked_softmax(np.zeros(4), np.array([True, True, False, False]))
        array([0.25, 0.25, 0.  , 0.  ])
    """
    share = present.sum(dtype=logits.dtype) / len(logits)
    if isinstance(logits, Tensor):
        return logits.masked_fill(~present, -torch.inf).softmax(0) * share
    logits = np.where(present, logits, -np.inf)
    powers = np.exp(logits - logits.max())
    return powers / powers.sum() * share  # type: ignore[no-any-return]  # NumPy's stub


def group_indicators(scale: Array, smoothness: Array) -> Array:
    r"""Combine both vectors into the group indicators (Eq. 7).

    .. math:: \gamma_t = \mathcal P_t \odot \mathcal Q_t

    Args:
        scale: Scale vector, shape ``[M]``.
        smoothness: Smoothness vector, shape ``[M]``, summing to 1 if all tasks are present.

    Returns:
        Group indicators, shape ``[M]``, without unit.

    Example:
        >>> group_indicators(torch.tensor([2.0, 0.5]), torch.tensor([0.5, 0.5]))
        tensor([1.0000, 0.2500])
    """
    return scale * smoothness


def valid_losses(losses: Array) -> Array:
    """Tell which losses lie in the domain of Eq. 5 and 6: positive and finite.

    A loss of exactly 0 has no gradient to weigh, an absent task is NaN, and a negative one has no scale.

    Args:
        losses: Task losses, shape ``[M]``.

    Returns:
        Mask, shape ``[M]``, bool.

    Example:
        >>> valid_losses(torch.tensor([1.0, 0.0, -1.0, float("nan"), float("inf")]))
        tensor([ True, False, False, False, False])
    """
    return (losses > 0) & (losses < torch.inf)  # type: ignore[return-value]  # an array of bool


def check_reduction(reduction: str) -> None:
    """Refuse a word that is no ``Reduction``.

    Args:
        reduction: The word.

    Raises:
        ValueError: If it is neither ``"sum"`` nor ``"mean"``.
    """
    if reduction not in get_args(Reduction):
        raise ValueError(f"`reduction` must be 'sum' or 'mean', but is {reduction!r}.")


def _namespace(values: Array) -> ModuleType:
    return torch if isinstance(values, Tensor) else np
