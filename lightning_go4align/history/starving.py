"""When a task starves: the live warning and the page judge by one function, and say the same of what helps."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lightning_go4align.functional.arrays import Array

STARVED = 1e-3  # of an even share
LEARNED = 1e-2  # of a task's first loss
DRAWN = 10  # times M steps: one of M tasks drawn at random per step is left out for so long once in 20,000 times

SUM_OF_RAW_LOSSES = (
    "Eq. 6 of the paper adds losses up in their own units, so that the weight of a large one goes to 0: take "
    "`RobustGO4Align`, divide the loss by its usual size, or lower `beta`."
)
OTHER_SIZE = "Bring the loss to the size of the others by a constant, or take `RobustGO4Align`, which needs no units."
OUTLIER = (
    "Its loss was far larger some time ago, and is measured by that until it is forgotten: look for the batch that "
    "made it so large, and leave that out or bound the loss."
)


def extremes_so_far(losses: "Array", low: "Array", high: "Array") -> tuple["Array", "Array"]:
    """Find the smallest and the largest loss of each task up to each step.

    Args:
        losses: Losses of ``T`` steps, shape ``[T, M]``; 0 for an absent task, or one that is not finite.
        low: The smallest before them, shape ``[M]``; infinite for none.
        high: The largest before them, likewise.

    Returns:
        Both, each of shape ``[T, M]``.

    Example:
        >>> import numpy as np
        >>> extremes_so_far(np.array([[3.0], [2.0], [0.0]]), np.array([np.inf]), np.array([-np.inf]))[0].tolist()
        [[3.0], [2.0], [2.0]]
    """
    xp = _library_of(losses)
    given = xp.isfinite(losses) & (losses != 0)
    lows = xp.concatenate([low[None], xp.where(given, losses, xp.inf)])
    highs = xp.concatenate([high[None], xp.where(given, losses, -xp.inf)])
    if hasattr(xp, "cummin"):  # torch's
        return xp.cummin(lows, 0).values[1:], xp.cummax(highs, 0).values[1:]
    return xp.minimum.accumulate(lows)[1:], xp.maximum.accumulate(highs)[1:]


def fed_and_starved(losses: "Array", weights: "Array", first: "Array", moved: "Array") -> tuple[Any, Any]:
    """Tell which tasks had their part of the weighted loss in each step, or had learned what there is.

    A task starves in a step if the product of its weight and its loss is below a thousandth of an even part, while
    its loss is above a hundredth of its first: it is not heard, and has not learned. Of the losses that it is
    compared with no more counts than they have moved by so far: a constant trains nothing. One that has never moved
    counts whole.

    Args:
        losses: Losses, shape ``[T, M]``; 0 for an absent task.
        weights: Weights, shape ``[T, M]``.
        first: How large the first loss of each task was, shape ``[M]``.
        moved: The largest loss of each task up to each step less the smallest, shape ``[T, M]``.

    Returns:
        Those that were fed, and those that starved, each of shape ``[T, M]``.

    Example:
        >>> import numpy as np
        >>> losses, moved = np.array([[1000.2, 0.5, 1e-4]]), np.array([[1.5, 0.5, 0.1]])
        >>> fed_and_starved(losses, np.ones((1, 3)), losses[0], moved)[1].tolist()
        [[False, False, True]]
    """
    xp = _library_of(losses)
    given = xp.isfinite(losses) & (losses != 0)
    scales = xp.where(given & xp.isfinite(weights), xp.abs(weights), 0.0)
    sizes = xp.where(given, xp.abs(losses), 0.0)
    counted = scales * xp.where(moved > 0, xp.minimum(sizes, moved), sizes)
    even = counted.sum(1) / (given.sum(1) + ~given.any(1))
    starved = given & (scales * sizes < STARVED * even[:, None]) & (sizes > LEARNED * first)
    return given & ~starved, starved


def _library_of(values: object) -> Any:
    """NumPy for its arrays, of which pages are made without torch."""
    if isinstance(values, np.ndarray):
        return np
    from lightning_go4align.functional.arrays import library_of

    return library_of(values)
