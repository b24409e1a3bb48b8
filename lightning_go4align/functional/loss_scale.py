"""What a loss of any sign is measured on: its level, within bounds that its spread sets."""

import math

from lightning_go4align.functional.arrays import Array, library_of
from lightning_go4align.functional.loss_history import LARGEST, is_loss, move_spread


def move_scales(
    state: Array,
    losses: Array,
    kept: Array,
    levels: Array,
    decay: float,
    noise_decay: float,
    least: float,
    most: float,
    floor: float,
) -> tuple[Array, Array]:
    """Take one step of both spreads, and find the scales.

    Args:
        state: States of ``move_spread`` over a long and over a short horizon, shape ``[6, M]``; zeros at first.
        losses: Task losses, shape ``[M]``. A task whose loss is 0 or not finite keeps its state.
        kept: What is remembered of them, see ``without_outliers``, shape ``[M]``.
        levels: What is kept, smoothed, shape ``[M]``.
        decay: Share of the past in the spread.
        noise_decay: Share of the past in the noise.
        least: As for ``bounded_level``.
        most: As for ``bounded_level``.
        floor: As for ``bounded_level``.

    Returns:
        The state after the step, and what each loss is measured on, shape ``[M]``.

    Example:
        >>> import numpy as np
        >>> losses = np.array([2.0, 1000.0])
        >>> with np.errstate(all="ignore"):
        ...     move_scales(np.zeros((6, 2)), *[losses] * 3, 0.99, 0.9, least=1.0, most=10.0, floor=1e-3)[1]
        array([   2., 1000.])
    """
    xp = library_of(losses)
    long, spread, mass = move_spread(state[:3], kept, decay)
    short, noise, _ = move_spread(state[3:], kept, noise_decay)
    scales = bounded_level(levels, noise, spread, mass, least, most, least_share(mass, decay, floor))
    seen = xp.where(scales > 0, mass - (1 - decay), 0.0)  # The first loss has no distance.
    scales = without_common_fall(scales, levels, seen)
    # What is not remembered of an outlier counts in its own step: there no other loss measures it.
    forgotten = xp.where(is_loss(losses), abs(losses - kept), 0.0)
    return xp.concatenate([long, short]), xp.maximum(scales, (1 - noise_decay) * forgotten)


def bounded_level(
    level: Array, noise: Array, spread: Array, mass: Array, least: float, most: float, floor: Array | float
) -> Array:
    r"""Measure a loss by its level, within bounds that do not depend on where its zero lies.

    .. math:: S = \max\big(f \lvert \bar L \rvert, \min(\max(\lvert \bar L \rvert, a \nu), b \sigma / m)\big)

    Far from 0, where a constant has been added, the spread :math:`\sigma` decides; on the way through 0 the noise
    :math:`\nu` does, which is the spread over a few steps.

    Args:
        level: Smoothed losses :math:`\bar L`, shape ``[M]``, of any sign.
        noise: How far the losses spread over a short horizon, :math:`\nu`, shape ``[M]``.
        spread: How far they spread over a long one, :math:`\sigma`, shape ``[M]``. Where it is NaN the level alone
            counts.
        mass: Share of the long horizon that has passed, :math:`m`; a task may still travel far at the start.
        least: :math:`a`, at least 0.
        most: :math:`b`, positive.
        floor: :math:`f`, positive, a number or of shape ``[M]``: a loss that no longer moves at all has this share
            of its level.

    Returns:
        Scales, shape ``[M]``, positive; NaN for a task not seen yet, or whose losses have all been 0.

    Example:
        >>> import numpy as np
        >>> one = np.ones(3)
        >>> bounded_level(np.array([1000.0, 3.0, 0.001]), one, one, one, least=1.0, most=10.0, floor=0.001)
        array([10.,  3.,  1.])
    """
    xp = library_of(level)
    size = abs(level)
    bounded = xp.maximum(xp.minimum(xp.maximum(size, least * noise), most * spread / mass), floor * size)
    scale = xp.where(xp.isnan(spread), size, bounded)
    return xp.where(scale > 1 / LARGEST, scale, xp.nan)  # type: ignore[no-any-return]  # one of two libraries


def least_share(mass: Array, decay: float, floor: float) -> Array:
    r"""Tell how small a share of a level a scale may be, by how much is known of the spread.

    .. math:: f_n = \max\big(f, 10^{1 - n}\big), \qquad n = \frac{\ln(1 - m)}{\ln d}

    Two losses that lie close together by chance are no spread: each one more may lower the scale by a power of ten.

    Args:
        mass: Share of the long horizon that has passed, :math:`m`, shape ``[M]``, from which the number of losses
            :math:`n` is known.
        decay: Share of the past in the spread, :math:`d`.
        floor: :math:`f`, the least share of all.

    Returns:
        Shares, shape ``[M]``.

    Example:
        >>> import numpy as np
        >>> least_share(1 - 0.99 ** np.array([2.0, 3.0, 10.0]), 0.99, floor=1e-3).round(3)
        array([0.1  , 0.01 , 0.001])
    """
    early = 10 * (1 - mass) ** fall(decay)
    return library_of(mass).where(early > floor, early, floor)  # type: ignore[no-any-return]  # one of two libraries


def fall(decay: float) -> float:
    r"""Return the power in which what is left of a horizon falls to a tenth with each loss.

    Args:
        decay: Share of the past, above 0 and below 1.

    Example:
        >>> print(f"{(0.99**2) ** fall(0.99):.3f}")
        0.010
    """
    return math.log(10) / -math.log(decay)


def without_common_fall(scales: Array, levels: Array, seen: Array) -> Array:
    r"""Divide scales by what all of them lie below their levels, a factor that would be one in the learning rate.

    .. math:: S^m / \min\Big(1, \max_j \frac{m^j}{\max_i m^i} \frac{S^j}{\lvert \bar L^j \rvert}\Big)

    A task that comes late has its level because nothing else is known of it. It counts by what it has seen of the
    horizon beside the others: in full it would multiply the weights of all that had been there before.

    Args:
        scales: What each task's loss is measured on, shape ``[M]``; NaN where nothing is known.
        levels: Smoothed losses, shape ``[M]``.
        seen: What each has seen of the horizon, :math:`m`, shape ``[M]``; 0 for one whose spread is not known.

    Returns:
        Scales, shape ``[M]``: where all have seen as much, that of one at least is its level, or above it.

    Example:
        >>> import numpy as np
        >>> without_common_fall(np.array([0.2, 5.0]), np.array([2.0, 500.0]), np.ones(2))
        array([ 2., 50.])
    """
    xp = library_of(scales)
    share = xp.where(seen > 0, scales / abs(levels) * (seen / seen.max()), 0.0).max()
    return xp.where((share > 0) & (share < 1), scales / share, scales)  # type: ignore[no-any-return]  # one of two libraries
