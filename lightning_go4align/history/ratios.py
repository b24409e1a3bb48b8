"""The mean of ratios, as weights are: geometric, so that 4 and 1/4 make 1."""

import numpy as np
from numpy.typing import NDArray


def mean_ratio(ratios: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average ratios over steps.

    A 0 would make any geometric mean 0 and hide the rest: the mean is of the steps above 0. Numbers of both signs,
    as some gradient-oriented methods give, are no ratios and have a plain mean.

    Args:
        ratios: Ratios, shape ``[R, ...]``; what is not finite counts for nothing.

    Returns:
        Means, shape ``[...]``; 0 where no ratio is above 0, NaN where none is finite.

    Example:
        >>> mean_ratio(np.array([[4.0, 0.0, -1.0], [0.25, 0.0, 3.0], [np.nan, 9.0, 1.0]]))
        array([1., 9., 1.])
    """
    finite = np.isfinite(ratios)
    positive = finite & (ratios > 0)
    logarithms = np.log(ratios, out=np.zeros(ratios.shape), where=positive)
    geometric = np.where(positive.any(0), np.exp(logarithms.sum(0) / positive.sum(0).clip(1)), 0)
    plain = np.where(finite, ratios, 0).sum(0, dtype=float) / finite.sum(0).clip(1)
    means = np.where((finite & (ratios < 0)).any(0), plain, geometric)
    return np.asarray(np.where(finite.any(0), means, np.nan))
