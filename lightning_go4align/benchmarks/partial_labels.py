"""Regression tasks of which a batch has some labels only."""

from collections.abc import Sequence

import torch
from torch import Tensor


def check_label_fraction(fraction: float) -> None:
    """Refuse what is no share of the labels.

    Args:
        fraction: What was given.

    Raises:
        ValueError: If it lies outside (0, 1].

    Example:
        >>> check_label_fraction(0.05)
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"`label_fraction` must lie in (0, 1], but is {fraction}.")


def without_labels(y: Tensor, fraction: float | Sequence[float], random: torch.Generator) -> Tensor:
    """Take labels away at random, each by itself.

    Args:
        y: Labels, shape ``[N, M]``.
        fraction: Share of them that stays, in (0, 1]: one for all tasks, or one for each of the ``M``.
        random: Decides. One number is drawn for each label, so that of two fractions the smaller one keeps a part of
            what the larger one keeps.

    Returns:
        The labels, NaN where they are gone, shape ``[N, M]``.

    Example:
        >>> without_labels(torch.ones(3, 2), [1.0, 0.4], torch.Generator().manual_seed(0))
        tensor([[1., nan],
                [1., 1.],
                [1., nan]])
    """
    drawn = torch.rand(y.shape, generator=random)
    return y.masked_fill(drawn >= torch.as_tensor(fraction, dtype=drawn.dtype), torch.nan)


def labelled_errors(predictions: Tensor, targets: Tensor) -> Tensor:
    """Average the squared errors of each task over the rows that have its label.

    Args:
        predictions: Predictions, shape ``[B, M]``.
        targets: Targets, shape ``[B, M]``; NaN where there is no label.

    Returns:
        Mean squared errors, shape ``[M]``; NaN for a task without a label, with a gradient of 0.

    Example:
        >>> labelled_errors(torch.zeros(2, 3), torch.tensor([[1.0, 3.0, torch.nan], [2.0, torch.nan, torch.nan]]))
        tensor([2.5000, 9.0000,    nan])
    """
    there = targets.isfinite()
    number = there.sum(0)
    # Left out before the square: the gradient of a NaN is NaN, even with a weight of 0.
    squares = torch.where(there, predictions - targets.nan_to_num(), 0).square()
    return torch.where(number > 0, squares.sum(0) / number.clamp(min=1), torch.nan)


def labelled_losses(names: Sequence[str], predictions: Tensor, targets: Tensor) -> dict[str, Tensor | None]:
    """The losses of a step whose batch has some labels only; waits for the device, to see which tasks are absent.

    Args:
        names: Names of the ``M`` tasks.
        predictions: Predictions, shape ``[B, M]``.
        targets: Targets, shape ``[B, M]``; NaN where there is no label.

    Returns:
        The mean squared error of each task, None for a task without a label.

    Example:
        >>> labelled_losses(["u0", "mu"], torch.zeros(1, 2), torch.tensor([[2.0, torch.nan]]))
        {'u0': tensor(4.), 'mu': None}
    """
    errors = labelled_errors(predictions, targets).unbind()
    labelled = targets.isfinite().any(0).tolist()
    return {name: error if there else None for name, error, there in zip(names, errors, labelled, strict=True)}
