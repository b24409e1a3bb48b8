"""Performance against single-task learning, and how evenly the tasks converge (Fig. 2)."""

import torch
from torch import Tensor

from lightning_go4align.functional.arguments import check_tensors, non_negative
from lightning_go4align.functional.precision import widest


def relative_changes(values: Tensor, baseline: Tensor, higher_is_better: Tensor) -> Tensor:
    r"""Compare each metric with its single-task value.

    .. math:: \Delta_s = 100 \, (-1)^{h_s} \frac{m_s - b_s}{|b_s|}

    The paper divides by :math:`b_s`; with the absolute value negative is better for a negative baseline, too.

    Args:
        values: Metrics of the multi-task network, shape ``[S]``.
        baseline: Metrics of the single-task networks, shape ``[S]``, in the same units, none of them 0.
        higher_is_better: The paper's h, shape ``[S]``, bool.

    Returns:
        Changes, shape ``[S]``, in percent; negative where better than the baseline. Of half precision they are
        float32, of integers float64.

    Raises:
        TypeError: If one is no tensor, or ``higher_is_better`` is not of bool.
        ValueError: If the shapes differ.

    Example:
        >>> higher_is_better = torch.tensor([True, False])
        >>> relative_changes(torch.tensor([60.0, 3.0]), torch.tensor([50.0, 2.0]), higher_is_better)
        tensor([-20.,  50.])
    """
    _check(higher_is_better, values=values, baseline=baseline)
    if not values.shape == baseline.shape == higher_is_better.shape:
        raise ValueError(
            "`values`, `baseline` and `higher_is_better` must have one entry for each metric, but have the "
            f"shapes {list(values.shape)}, {list(baseline.shape)} and {list(higher_is_better.shape)}."
        )
    wide, single_task = _wide(values), _wide(baseline)
    return 100 * _lower_is_better(wide - single_task, higher_is_better) / single_task.abs()


def delta_m(values: Tensor, baseline: Tensor, higher_is_better: Tensor) -> Tensor:
    r"""Average the relative changes over the metrics: the paper's :math:`\Delta m\%`.

    Args:
        values: Metrics of the multi-task network, shape ``[S]``.
        baseline: Metrics of the single-task networks, shape ``[S]``, in the same units, none of them 0.
        higher_is_better: Whether a metric is better when higher, shape ``[S]``, bool.

    Returns:
        Mean change, shape ``[]``, in percent; below 0 the network beats single-task learning.

    Raises:
        TypeError: If one is no tensor, or ``higher_is_better`` is not of bool.
        ValueError: If the shapes differ.

    Example:
        >>> delta_m(torch.tensor([60.0, 3.0]), torch.tensor([50.0, 2.0]), torch.tensor([True, False]))
        tensor(15.)
    """
    return relative_changes(values, baseline, higher_is_better).mean()


def mean_rank(values: Tensor, higher_is_better: Tensor) -> Tensor:
    """Rank the methods in each metric and average the ranks (MR of the paper's tables).

    A rank is 1 + the number of methods that are strictly better: ties share the better rank, NaN is worst.

    Args:
        values: Metrics of the compared methods, shape ``[N, S]``.
        higher_is_better: Whether a metric is better when higher, shape ``[S]``, bool.

    Returns:
        Mean ranks, shape ``[N]``, from 1 to ``N``; they depend on which methods are compared.

    Raises:
        TypeError: If one is no tensor, or ``higher_is_better`` is not of bool.
        ValueError: If the shapes do not fit.

    Example:
        >>> mean_rank(torch.tensor([[0.9, 2.0], [0.9, 1.0], [0.8, 3.0]]), torch.tensor([True, False]))
        tensor([1.5000, 1.0000, 3.0000])
    """
    _check(higher_is_better, values=values)
    if values.dim() != 2 or values.shape[1:] != higher_is_better.shape:
        raise ValueError(
            "`values` must have a row for each method and a column for each entry of `higher_is_better`, but "
            f"their shapes are {list(values.shape)} and {list(higher_is_better.shape)}."
        )
    wide = _wide(values)
    costs = _lower_is_better(wide, higher_is_better).nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
    ranks = 1 + (costs < costs[:, None]).sum(1)
    return ranks.to(wide.dtype).mean(1)


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
    _check(higher_is_better, curves=curves)
    if curves.dim() != 2 or len(curves) == 0 or curves.shape[1:] != higher_is_better.shape:
        raise ValueError(
            "`curves` must have a row for each epoch, at least one, and a column for each entry of "
            "`higher_is_better`, but their shapes are "
            f"{list(curves.shape)} and {list(higher_is_better.shape)}."
        )
    check_tolerance(tolerance)
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
    wide, record = _wide(values), _wide(best)
    step = _lower_is_better(wide - record, higher_is_better)
    margin = (tolerance * record.abs()).masked_fill(record.isinf(), 0)  # Any better one will do.
    return (step < -margin) | (record.isnan() & ~wide.isnan())


def check_tolerance(tolerance: float) -> None:
    """Refuse what is no share by which a value may improve.

    Args:
        tolerance: Share of the best value by which an improvement must exceed it.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative, infinite or NaN.

    Example:
        >>> check_tolerance(0.01)
    """
    non_negative("tolerance", tolerance)


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
    return spread_of_epochs(epochs.to(_wide(curves).dtype))


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


def _check(higher_is_better: object, **given: object) -> None:
    check_tensors(**given, higher_is_better=higher_is_better)
    if isinstance(higher_is_better, Tensor) and higher_is_better.dtype != torch.bool:
        raise TypeError(
            f"`higher_is_better` must be a tensor of bool, but is of {higher_is_better.dtype}. Give `.bool()` of it."
        )


def _lower_is_better(values: Tensor, higher_is_better: Tensor) -> Tensor:
    return torch.where(higher_is_better, -values, values)


def _wide(values: Tensor) -> Tensor:
    if values.is_floating_point():
        return values.to(torch.promote_types(values.dtype, torch.float32))  # Half precision ends at 65,504.
    return values.to(widest(values.device))
