"""The Rand index from counts of pairs, for tensors and for arrays alike; itself it loads no torch."""

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Counts = TypeVar("Counts", "Tensor", NDArray[np.float64])


def rand_of_pairs(pairs: Counts, both: Counts, first: Counts, second: Counts) -> tuple[Counts, Counts]:
    r"""Turn counts of pairs into the Rand index and its adjustment for chance (Hubert and Arabie, 1985).

    .. math:: R = 1 - \frac{f + s - 2b}{p}, \qquad A = \frac{b - fs / p}{(f + s) / 2 - fs / p}

    In signs that torch and NumPy share: steps are compared on the device, a history on the host.

    Args:
        pairs: ``p``, pairs of tasks that both groupings hold, any shape, floating point.
        both: ``b``, those together in both.
        first: ``f``, those together in the first.
        second: ``s``, those together in the second.

    Returns:
        Both indices, in the shape of the counts: 1 where all pairs must agree, NaN where there is no pair.

    Example:
        >>> rand, adjusted = rand_of_pairs(*np.array([6.0, 1.0, 2.0, 1.0]))
        >>> print(f"{rand:.3f}, {adjusted:.3f}")
        0.833, 0.571
    """
    rand = 1 - (first + second - 2 * both) / pairs
    chance = first * second / pairs
    room = (first + second) / 2 - chance
    settled = room <= 0  # Both groupings are trivial and equal: the adjusted index would be 0 / 0.
    return rand, (both - chance + settled) / (room + settled)
