"""How evenly the tasks converge (Fig. 2)."""

import torch
from torch import Tensor

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.functional.directions import check_metrics, lower_is_better, widened


def convergence_epochs(curves: Tensor, higher_is_better: Tensor, tolerance: float = 0.01) -> Tensor:
    """Tell when each metric last improved by more than ``tolerance`` on its best value so far.

    The best value moves only with such an improvement, so that many small ones count once they add up.

    Args:
        curves: Metrics by epoch, shape ``[T, S]``, at least one epoch. NaN is no improvement.
        higher_is_better: Whether a metric is better when higher, shape ``[S]``, bool.
        tolerance: Share of the best value by which an improvement must exceed it, at least 0.

    Returns:
        Epochs of convergence, shape ``[S]``, int64, counted from 1; 0 for a metric that is NaN in every epoch.

    Raises:
        TypeError: If one is no tensor, or ``higher_is_better`` is not of bool.
        ValueError: If the shapes do not fit, or the tolerance is negative.

    Example:
        >>> curves = torch.tensor([[4.0, 9.0], [2.0, 5.0], [1.999, 3.0]])
        >>> convergence_epochs(curves, torch.tensor([False, False]))
        tensor([2, 3])
    """
    check_metrics(higher_is_better, curves=curves)
    if curves.dim() != 2 or len(curves) == 0 or curves.shape[1:] != higher_is_better.shape:
        raise ValueError(
            "`curves` must have a row for each epoch, at least one, and a column for each entry of "
            "`higher_is_better`, but their shapes are "
            f"{list(curves.shape)} and {list(higher_is_better.shape)}."
        )
    non_negative("tolerance", tolerance)
    best, epochs = curves[0], (~curves[0].isnan()).long()
    for epoch, values in enumerate(curves[1:], start=2):
        better = improved(values, best, higher_is_better, tolerance)
        best, epochs = torch.where(better, values, best), epochs.masked_fill(better, epoch)
    return epochs


def improved(values: Tensor, best: Tensor, higher_is_better: Tensor, tolerance: float) -> Tensor:
    """Tell which metrics improve on the best value by more than ``tolerance``.

    Args:
        values: Metrics of this epoch, shape ``[S]``.
        best: Best metrics so far, shape ``[S]``; any number improves on NaN.
        higher_is_better: Whether a metric is better when higher, shape ``[S]``, bool.
        tolerance: Share of the best value by which an improvement must exceed it, at least 0.

    Returns:
        Mask, shape ``[S]``, bool.

    Example:
        >>> improved(torch.tensor([0.995, 0.5]), torch.tensor([1.0, 1.0]), torch.tensor([False, False]), 0.01)
        tensor([False,  True])
    """
    wide, record = widened(values), widened(best)
    step = lower_is_better(wide - record, higher_is_better)
    margin = (tolerance * record.abs()).masked_fill(record.isinf(), 0)  # Any better one will do.
    return (step < -margin) | (record.isnan() & ~wide.isnan())


def convergence_difference(curves: Tensor, higher_is_better: Tensor, tolerance: float = 0.01) -> Tensor:
    """Measure how far apart the tasks converge: the standard deviation of their epochs (Fig. 2).

    Args:
        curves: Metrics by epoch, shape ``[T, S]``, at least one epoch. NaN is no improvement.
        higher_is_better: Whether a metric is better when higher, shape ``[S]``, bool.
        tolerance: Share of the best value by which an improvement must exceed it, at least 0.

    Returns:
        Standard deviation over the metrics (of the population, so 0 for one), shape ``[]``, in epochs. Metrics that
        are NaN in every epoch are left out; NaN if all are.

    Raises:
        TypeError: If one is no tensor, or ``higher_is_better`` is not of bool.
        ValueError: If the shapes do not fit, or the tolerance is negative.

    Example:
        >>> curves = torch.tensor([[4.0, 9.0], [2.0, 5.0], [1.999, 3.0]])
        >>> convergence_difference(curves, torch.tensor([False, False]))
        tensor(0.5000)
    """
    epochs = convergence_epochs(curves, higher_is_better, tolerance)
    return spread_of_epochs(epochs.to(widened(curves).dtype))


def spread_of_epochs(epochs: Tensor) -> Tensor:
    """Measure how far apart epochs of convergence lie.

    Args:
        epochs: Epochs of convergence, shape ``[S]``, floating; 0 for a metric without one.

    Returns:
        Standard deviation over the metrics that have one, shape ``[]``; NaN if none has.

    Example:
        >>> spread_of_epochs(torch.tensor([2.0, 0.0, 4.0]))
        tensor(1.)
    """
    known = epochs > 0
    mean = epochs.sum() / known.sum()
    return (torch.where(known, epochs - mean, 0).square().sum() / known.sum()).sqrt()
