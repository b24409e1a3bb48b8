r"""What a task's past losses say of its unit: their mean, and how far they spread around it.

Both are exponential means, each kept as a sum and the mass of its terms: the quotient has no bias towards 0 at the
start, and a task's absence moves nothing of it. All is homogeneous: losses in another unit give the same numbers in
that unit.
"""

from lightning_go4align.functional.arrays import Array, library_of, stacked

LARGEST = 1e300  # Twice of it is a float64 still: the distance between two losses never overflows.
RESTING = 1e-6  # Of the mean: a loss that has not moved at all must be able to begin.


def is_loss(losses: Array) -> Array:
    """Tell which losses are there: finite numbers, of any sign. An absent task is NaN.

    Args:
        losses: Task losses, shape ``[M]``.

    Returns:
        Mask, shape ``[M]``, bool.

    Example:
        >>> import numpy as np
        >>> is_loss(np.array([0.0, -2.0, np.nan, np.inf]))
        array([ True,  True, False, False])
    """
    return abs(losses) < LARGEST  # type: ignore[return-value]  # an array of bool


def is_told(losses: Array) -> Array:
    """Tell which losses are remembered: not one of exactly 0, of a margin that is met or a batch without labels.

    Args:
        losses: Task losses, shape ``[M]``.

    Returns:
        Mask, shape ``[M]``, bool.

    Example:
        >>> import numpy as np
        >>> is_told(np.array([0.0, -2.0, np.nan]))
        array([False,  True, False])
    """
    return is_loss(losses) & (losses != 0)  # type: ignore[no-any-return]  # one of two libraries


def move_mean(state: Array, losses: Array, decay: float) -> tuple[Array, Array]:
    r"""Take one step of the exponential mean, with its bias corrected.

    .. math:: s_t = d \, s_{t-1} + (1 - d) L_t, \qquad m_t = d \, m_{t-1} + (1 - d), \qquad \bar L_t = s_t / m_t

    Args:
        state: Sum :math:`s` and mass :math:`m`, shape ``[2, M]``; zeros at first.
        losses: Task losses, shape ``[M]``. A task whose loss is 0 or not finite keeps its state.
        decay: :math:`d`, share of the past, from 0 to below 1.

    Returns:
        The state after the step, and the means, shape ``[M]``: NaN for a task not seen yet.

    Example:
        >>> import numpy as np
        >>> state, mean = move_mean(np.zeros((2, 1)), np.array([4.0]), 0.5)
        >>> move_mean(state, np.array([1.0]), 0.5)[1]  # (4 / 2 + 1) / (1 / 2 + 1)
        array([2.])
    """
    xp = library_of(losses)
    moved = decay * state + (1 - decay) * stacked(losses, xp.ones_like(losses))
    state = xp.where(is_told(losses), moved, state)
    return state, state[0] / state[1]


def move_spread(state: Array, losses: Array, decay: float) -> tuple[Array, Array, Array]:
    r"""Take one step of how far the losses lie from their own mean: the noise of the batches and the recent travel.

    .. math:: v_t = d \, v_{t-1} + (1 - d) \, \lvert L_t - \bar L_{t-1} \rvert

    A constant added to a task's losses leaves it as it is.

    Args:
        state: Sum :math:`s`, mass :math:`m` and :math:`v`, shape ``[3, M]``; zeros at first.
        losses: Task losses, shape ``[M]``. A task whose loss is 0 or not finite keeps its state.
        decay: :math:`d`, share of the past, above 0 and below 1.

    Returns:
        The state after the step; the spread, shape ``[M]``, NaN for a task seen fewer than two times; the mass,
        from 0 to 1: what share of the horizon has passed.

    Example:
        >>> import torch
        >>> state, *_ = move_spread(torch.zeros(3, 1), torch.tensor([1000.0]), 0.9)
        >>> move_spread(state, torch.tensor([1002.0]), 0.9)[1]
        tensor([2.])
    """
    xp = library_of(losses)
    known = state[1] > 0
    distance = xp.where(known, abs(losses - state[0] / state[1]), 0.0)
    moved = decay * state + (1 - decay) * stacked(losses, xp.ones_like(losses), distance)
    state = xp.where(is_told(losses), moved, state)
    return state, spread_of(state, decay), state[1]


def spread_of(state: Array, decay: float) -> Array:
    """Return how far losses spread.

    Args:
        state: As ``move_spread`` returns it, shape ``[3, M]``.
        decay: Its share of the past.

    Returns:
        The spread, shape ``[M]``, NaN for a task seen fewer than two times.

    Example:
        >>> import numpy as np
        >>> spread_of(np.array([[0.3], [0.19], [0.18]]), 0.9)
        array([1.8])
    """
    xp = library_of(state)
    # The first loss has no distance: its share, 1 - d at first, is in the mass, but not in that of the distances.
    spread = state[2] / ((state[1] - (1 - decay)) / decay)
    return xp.where(state[1] > 1 - decay, spread, xp.nan)  # type: ignore[no-any-return]  # one of two libraries


def without_outliers(losses: Array, state: Array, decay: float, most: float) -> Array:
    r"""Bring losses that lie far off as near as what is remembered of them is to be: one bad batch is no history.

    .. math:: \lvert L_t - \bar L_{t-1} \rvert \le b \, \sigma_{t-1} / m_{t-1} + \lvert \bar L_{t-1} \rvert / 1000

    A loss that has moved for good is followed all the same: with each step that it lies farther off the spread
    grows, with b = 30 by three tenths.

    Args:
        losses: Task losses, shape ``[M]``.
        state: State of ``move_spread`` before the step, shape ``[3, M]``.
        decay: Its share of the past.
        most: :math:`b`, positive; noise and training stay within a few spreads.

    Returns:
        What to remember in their place, shape ``[M]``: the same losses but for outliers.

    Example:
        >>> import numpy as np
        >>> state = np.array([[1.0, 1.0], [1.0, 1.0], [0.1, 0.1]])  # around 1, by 0.1
        >>> without_outliers(np.array([1.5, 1e6]), state, 0.99, most=30.0)
        array([1.5     , 4.000001])
    """
    xp = library_of(losses)
    mean = state[0] / state[1]
    away = losses - mean
    farthest = most * spread_of(state, decay) / state[1] + RESTING * abs(mean)
    far = (abs(away) > farthest) & (farthest > 0) & is_told(losses)
    return xp.where(far, mean + xp.copysign(farthest, away), losses)  # type: ignore[no-any-return]  # one of two libraries
