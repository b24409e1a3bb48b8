"""How methods differ, seed by seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t


class Difference(NamedTuple):
    """What one method has and another has not, over pairs of runs with the same seed.

    Args:
        pairs: Number of pairs.
        mean: Mean difference.
        half_width: Half of the 95% interval of that mean, by Student's t: exact for normal differences, however few
            pairs there are; NaN for one.
        lower: Pairs in which the difference is below 0.
    """

    pairs: int
    mean: float
    half_width: float
    lower: int


def paired_difference(values: ArrayLike, reference: ArrayLike) -> Difference:
    """Compare two methods over the same seeds: what seeds have in common cancels.

    Args:
        values: A score of each run, shape ``[N]``; NaN for an unknown one.
        reference: The score of the run with the same seed of the method to compare with, shape ``[N]``.

    Example:
        >>> paired_difference([1.0, 2.0, 3.0], [2.0, 4.0, 3.0])
        Difference(pairs=3, mean=-1.0, half_width=2.48..., lower=2)
    """
    found = np.asarray(values, dtype=float) - np.asarray(reference, dtype=float)
    found = found[np.isfinite(found)]
    count = len(found)
    mean = float(found.mean()) if count else float("nan")
    error = float(found.std(ddof=1)) / count**0.5 if count > 1 else float("nan")
    half_width = float(t.ppf(0.975, count - 1)) * error if count > 1 else float("nan")
    return Difference(count, mean, half_width, int((found < 0).sum()))
