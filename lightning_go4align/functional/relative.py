"""Performance against single-task learning."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lightning_go4align.functional.directions import check_metrics, lower_is_better, widened
from lightning_go4align.renamed import former_names

if not TYPE_CHECKING:
    _MOVED = ("convergence_difference", "convergence_epochs", "improved")
    __getattr__ = former_names(
        __name__, {name: f"lightning_go4align.functional.convergence:{name}" for name in _MOVED}
    )


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
    check_metrics(higher_is_better, values=values, baseline=baseline)
    if not values.shape == baseline.shape == higher_is_better.shape:
        raise ValueError(
            "`values`, `baseline` and `higher_is_better` must have one entry for each metric, but have the "
            f"shapes {list(values.shape)}, {list(baseline.shape)} and {list(higher_is_better.shape)}."
        )
    wide, single_task = widened(values), widened(baseline)
    return 100 * lower_is_better(wide - single_task, higher_is_better) / single_task.abs()


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
    check_metrics(higher_is_better, values=values)
    if values.dim() != 2 or values.shape[1:] != higher_is_better.shape:
        raise ValueError(
            "`values` must have a row for each method and a column for each entry of `higher_is_better`, but "
            f"their shapes are {list(values.shape)} and {list(higher_is_better.shape)}."
        )
    wide = widened(values)
    costs = lower_is_better(wide, higher_is_better).nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
    ranks = 1 + (costs < costs[:, None]).sum(1)
    return ranks.to(wide.dtype).mean(1)
