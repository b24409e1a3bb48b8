"""How many groups the indicators fall into."""

import torch
from torch import Tensor

from lightning_go4align.functional.grouping import kmeans_1d_path, sum_of_squares

MIN_VARIANCE = 0.05  # Of the log-indicators: what is nearer than about a fifth is one group.


def group_number_criterion(indicators: Tensor, max_groups: int) -> Tensor:
    r"""Score every number of groups by the Bayesian information criterion; the best has the least.

    The model is a mixture of ``K`` normal distributions of one variance over the logarithms of the indicators,
    each task assigned to one of them by the exact solution of Eq. 3:

    .. math:: \mathrm{BIC}(K) = M \log \sigma_K^2 + \frac{J_K}{\sigma_K^2}
              - 2 \sum_k n_k \log \frac{n_k}{M} + 2 K \log M

    with :math:`J_K` the sum of squares and :math:`\sigma_K^2 = \max(J_K / M, 0.05)`. Indicators are ratios, which
    is why their logarithms are scored.

    Args:
        indicators: Group indicators, shape ``[M]``, positive; those that are not, or NaN, take no part.
        max_groups: The largest number of groups, from 1 to ``M``.

    Returns:
        Criterion for 1, 2, ... ``max_groups`` groups, shape ``[max_groups]``, without unit.

    Example:
        >>> indicators = torch.tensor([0.010, 0.011, 0.012, 0.9, 1.0, 1.1])
        >>> int(group_number_criterion(indicators, 4).argmin()) + 1
        2
    """
    points = indicators.log()
    number = points.isfinite().sum().clamp(min=1)
    path = kmeans_1d_path(points, max_groups)
    squares, sizes = sum_of_squares(points, path), path.matrix.sum(-1)
    variance = (squares / number).clamp(min=MIN_VARIANCE)
    entropy: Tensor = torch.special.entr(sizes / number).sum(1) * number
    parameters = 2 * torch.arange(1, max_groups + 1, dtype=points.dtype, device=points.device)
    return number * variance.log() + squares / variance + 2 * entropy + parameters * number.log()
