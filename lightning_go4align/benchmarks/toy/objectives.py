"""Two objectives of two parameters, on which plain sums get stuck (CAGrad, NeurIPS 2021; scaled by FAMO, 2023)."""

import torch
from torch import Tensor

#: Where each of the five trajectories starts.
STARTS = ((-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0))
#: The Pareto front as published: all points of this y with an x in this range. Weighted sums of the objectives are
#: least within 0.1 of it.
FRONT_Y, FRONT_X = -8.3552, (-7.0, 7.0)


def objectives(position: Tensor, scale: float = 0.1) -> Tensor:
    r"""Evaluate both objectives.

    With :math:`c_1 = \max(\tanh(y/2), 0)` and :math:`c_2 = \max(\tanh(-y/2), 0)`:

    .. math:: L_1 = s \, (f_1 c_1 + q_1 c_2), \quad L_2 = f_2 c_1 + q_2 c_2, \\
              q_{1,2} = \left((\pm 7 - x)^2 + 0.1 (y + 8)^2\right) / 10 - 20

    Above :math:`y = 0` the logarithms :math:`f_1, f_2` form two valleys; below, the bowls :math:`q_1, q_2` share a
    floor, and the front.

    Args:
        position: Points ``(x, y)``, shape ``[..., 2]``.
        scale: Factor of the first objective, above 0: how unbalanced the two are.

    Returns:
        Values, shape ``[..., 2]``; above ``(-21 scale, -21)``, mostly negative.

    Example:
        >>> objectives(torch.tensor([7.0, -8.0]), scale=1.0)
        tensor([-19.9866,  -0.3997])
    """
    x, y = position.unbind(-1)
    bent = torch.tanh(-y)
    f1 = (0.5 * (-x - 7) - bent).abs().clamp(min=5e-6).log() + 6
    f2 = (0.5 * (-x + 3) + bent + 2).abs().clamp(min=5e-6).log() + 6
    depth = 0.1 * (-y - 8).square()
    q1, q2 = (((centre - x).square() + depth) / 10 - 20 for centre in (7, -7))
    c1, c2 = (torch.tanh(y / 2).clamp(min=0), torch.tanh(-y / 2).clamp(min=0))
    return torch.stack([scale * (f1 * c1 + q1 * c2), f2 * c1 + q2 * c2], dim=-1)


def distance_to_front(position: Tensor) -> Tensor:
    """Measure how far points are from the Pareto front.

    Args:
        position: Points, shape ``[..., 2]``.

    Returns:
        Distances, shape ``[...]``.

    Example:
        >>> distance_to_front(torch.tensor([[0.0, -8.3552], [10.0, -4.3552]]))
        tensor([0., 5.])
    """
    x, y = position.unbind(-1)
    return torch.hypot(x - x.clamp(*FRONT_X), y - FRONT_Y)
