"""What history means where losses have different units."""

from typing import Any

from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.functional.arrays import library_of, on_arrays
from lightning_go4align.functional.loss_history import is_told, move_mean
from lightning_go4align.methods.loss_parts import LossPart, check_horizon

OUTLIER = 30.0


class RelativeHistory(LossPart):
    r"""Let a task's weight depend on its progress: Eq. 6 with losses relative to their own mean over a horizon.

    .. math:: \log q^m = -\beta \, \frac{S^m - \bar S^m}{S^m + \bar S^m}

    :math:`\bar S` is the exponential mean of the scale over the horizon, in which a step counts as 30 times it at
    most: one bad batch is no history. Eq. 6 adds up raw losses, so that its exponent depends on their unit and grows
    with the number of steps; this one lies between :math:`-\beta` and :math:`\beta`. As there, a task that gets worse
    loses weight.

    Args:
        beta: How much, at least 0.
        horizon: Number of steps that progress looks back, above 1.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> import torch
        >>> history = RelativeHistory(beta=1.0)
        >>> for scales in ([1.0, 3.0], [1.0, 1.0]):
        ...     scales = torch.tensor(scales, dtype=torch.float64)
        ...     factors = history(scales, scales)
        >>> factors  # exp(-0), exp((1.99 - 1) / (1.99 + 1))
        tensor([1.0000, 1.3941], dtype=torch.float64)
    """

    def __init__(self, beta: float = 1.0, horizon: float = 100.0) -> None:
        super().__init__()
        self.beta = non_negative("beta", beta)
        self.horizon = check_horizon("horizon", horizon)

    @override
    def forward(self, losses: Tensor, scales: Tensor) -> Tensor:
        settings = {"beta": self.beta, "decay": 1 - 1 / self.horizon}
        state = self.remembered(losses, 2)
        moved, factors = on_arrays(_move_history, state, losses, scales, **settings)
        state.copy_(moved)
        return factors

    @override
    def extra_repr(self) -> str:
        return f"beta={self.beta}, horizon={self.horizon}"


def _move_history(state: Any, losses: Any, scales: Any, beta: float, decay: float) -> tuple[Any, Any]:
    xp = library_of(scales)
    kept = xp.where(state[1] > 0, xp.minimum(scales, OUTLIER * state[0] / state[1]), scales)
    state, usual = move_mean(state, xp.where(is_told(losses), kept, xp.nan), decay)
    return state, xp.exp(-beta * (scales - usual) / (scales + usual))
