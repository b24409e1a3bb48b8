"""A step on losses in host memory: NumPy, without masks where every loss is in the domain of Eq. 5 and 6."""

import numpy as np

from lightning_go4align.functional.arrays import extremes
from lightning_go4align.functional.cluster_starts import Floats, Integers
from lightning_go4align.functional.indicators import (
    Reduction,
    group_indicators,
    masked_softmax,
    scale_vector,
    smoothness_vector,
    valid_losses,
)
from lightning_go4align.functional.kmeans_numpy import solve_by_numpy

LEAST, LARGEST = 1e-150, 1e150  # Losses between them have ratios that are finite.


def weigh_by_numpy(
    losses: Floats, log_smoothness: Floats, num_groups: int, beta: float, reduction: Reduction
) -> tuple[Floats, Integers, Floats, Floats]:
    """Move the smoothness vector in place, and find the indicators, their groups, and the weights.

    Args:
        losses: Task losses, shape ``[M]``.
        log_smoothness: Logarithm of the smoothness vector up to a constant, shape ``[M]``.
        num_groups: ``K``, from 1 to ``M``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        Group indicators ``[M]``, group of each task ``[M]``, group weights ``[K]`` and task weights ``[M]``.

    Example:
        >>> weigh_by_numpy(np.array([1.0, 4.0]), np.zeros(2), 2, 0.0, "sum")[3]
        array([2.5  , 0.625])
    """
    indicators = move_by_numpy(losses, log_smoothness, beta, reduction)
    [(assignment, means)] = solve_by_numpy(indicators, range(num_groups, num_groups + 1))
    weights = means[assignment]
    if assignment.item(assignment.argmin()) < 0:
        weights[assignment < 0] = 0
    return indicators, assignment, means, weights


def move_by_numpy(losses: Floats, log_smoothness: Floats, beta: float, reduction: Reduction) -> Floats:
    """Move the smoothness vector in place, and form the indicators.

    Args:
        losses: Task losses, shape ``[M]``.
        log_smoothness: Logarithm of the smoothness vector up to a constant, shape ``[M]``.
        beta: Temperature, at least 0.
        reduction: What a loss is compared with.

    Returns:
        Group indicators, shape ``[M]``; NaN for an absent task.

    Example:
        >>> move_by_numpy(np.array([1.0, 4.0, np.nan]), np.zeros(3), 0.0, "mean")
        array([0.83333333, 0.20833333,        nan])
    """
    least, largest = extremes(losses)
    if not (least > LEAST and largest < LARGEST):
        return _move_masked(losses, log_smoothness, beta, reduction)
    # The equations of `indicators`, in its order of operations and so to the bit, where all tasks take part.
    log_smoothness -= beta * losses
    powers: Floats = np.exp(log_smoothness - log_smoothness[log_smoothness.argmax()])
    powers /= np.add.reduce(powers)
    total = np.add.reduce(losses)
    if reduction == "mean":
        total = total / len(losses)
    powers *= total / losses
    return powers


def _move_masked(losses: Floats, log_smoothness: Floats, beta: float, reduction: Reduction) -> Floats:
    with np.errstate(all="ignore"):  # A loss outside the domain is masked, whatever it gives.
        log_smoothness[:] = smoothness_vector(log_smoothness, losses, beta)
        smoothness = masked_softmax(log_smoothness, valid_losses(losses))
        return group_indicators(scale_vector(losses, reduction), smoothness)
