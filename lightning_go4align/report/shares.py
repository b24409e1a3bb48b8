"""What part each task has of the weighted loss: which of them starve, and whose weight the user has set."""

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History, known_mean
from lightning_go4align.history.starving import STARVED, extremes_so_far, fed_and_starved
from lightning_go4align.plots.shares import risk_shares

RECENT = 1000  # recorded steps


def recent_shares(history: History) -> NDArray[np.float64]:
    """Average each task's share of the weighted loss over the last 1,000 recorded steps.

    Args:
        history: The run.

    Returns:
        Shares of an even one, over the tasks of each step, shape ``[M]``: 1 is even; NaN for a task that is absent
        from all these steps.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> recent_shares(example_history()).round(2)
        array([1., 1., 1., 1.])
    """
    return known_mean(_of_even(history.scaled[-RECENT:]))


def starving_since(history: History) -> NDArray[np.int64]:
    """Count the recorded steps since each task had its part of the weighted loss, or had learned what there is.

    Args:
        history: The run.

    Returns:
        Numbers of the last recorded steps in which the task starved, see ``fed_and_starved``, and none between in
        which it was fed; shape ``[M]``.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> starving_since(example_history())
        array([0, 0, 0, 0])
    """
    losses = np.where(np.isfinite(_of_even(history.scaled)), history.losses, 0.0)
    given = losses != 0
    if not given.any():
        return np.zeros(len(history.tasks), np.int64)
    infinite = np.full(len(history.tasks), np.inf)
    lows, highs = extremes_so_far(losses, infinite, -infinite)
    first = np.abs(np.take_along_axis(losses, given.argmax(0)[None], 0)[0])
    with np.errstate(all="ignore"):  # What is outside the domain is masked.
        fed, starved = fed_and_starved(losses, history.weights.astype(float), first, highs - lows)
    fed_later = fed[::-1].cumsum(0)[::-1] > 0
    steps = np.asarray((starved & ~fed_later).sum(0))
    return np.where(_has_its_part(history), 0, steps) if has_scales(history) else steps


def set_by_user(history: History) -> NDArray[np.bool_]:
    """Find the tasks whose weight the user has set, shape ``[M]``: no advice is due on them.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> set_by_user(example_history().with_notes(own_weights=["depth"]))
        array([False,  True, False, False])
    """
    return np.array([task in history.notes.own_weights for task in history.tasks], bool)


def shares_without(history: History, tasks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average recent shares as if some tasks were not there.

    Args:
        history: The run.
        tasks: Those that are not, shape ``[M]``.

    Returns:
        As ``recent_shares``; NaN for those that are not.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> shares_without(example_history(), np.array([True, False, False, False])).round(2)
        array([nan,  1.,  1.,  1.])
    """
    return known_mean(_of_even(np.where(tasks, np.nan, history.scaled[-RECENT:])))


def has_scales(history: History) -> bool:
    """Tell whether the method measures each loss on a scale of its own, whose inverse is its indicator.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> has_scales(example_history())
        False
    """
    return "RobustGO4Align" in history.notes.method


def _of_even(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each task's share of the weighted loss, of an even one in the step, shape ``[R, M]``; NaN for none."""
    present = np.isfinite(scaled)
    return np.asarray(np.where(present, risk_shares(scaled) * present.sum(1, keepdims=True), np.nan))


def _has_its_part(history: History) -> NDArray[np.bool_]:
    """Tell whether a task has its part in the last step, if no loss is larger than its scale, shape ``[M]``."""
    losses, indicators, weights = (
        rows[-1].astype(float) for rows in (history.losses, history.indicators, history.weights)
    )
    with np.errstate(all="ignore"):  # What is not known has its part.
        sizes = np.where(indicators > 0, np.fmin(np.abs(losses), 1 / indicators), np.nan)
    return np.asarray(~(_of_even((weights * sizes)[None])[0] < STARVED))
