"""What a loss of any sign is measured on."""

import math

from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative, positive
from lightning_go4align.functional.arrays import Array, on_arrays
from lightning_go4align.functional.loss_history import spread_of, without_outliers
from lightning_go4align.functional.loss_scale import move_scales
from lightning_go4align.methods.loss_parts import LossPart, check_horizon


class LevelWithinSpread(LossPart):
    """Measure a loss by its size, but never by more than it spreads, nor by less than its noise: for any sign.

    What no training removes from a loss (the noise of labels, an entropy, the constant of a likelihood or an energy)
    says nothing of how far a task can still go. The spread knows of no zero: how far the losses of about the last
    ``horizon`` steps lay from their mean, by the noise of the batches and by what has been learned. So a task is
    learned as without its floor. One that has reached it, or is nothing but noise, is measured by its noise: it has
    an even share still, which ``most=10.0`` or ``Level`` makes smaller. Where losses spread farther than they are
    large, as with rare labels, their level counts. On its way through 0 a loss is measured by its noise, the spread
    over ``noise_horizon`` steps: its weight grows by a power of ten or so. See ``bounded_level`` and ``move_spread``.

    What all tasks' scales lie below their levels is divided out again: where no loss moves, on the full data or at a
    learning rate near 0, each has its level. What this cannot mend: a constant larger than a tenth of ``1 / floor``
    times what the task learns in all gives it too small a weight (of float32's seven digits little is left then); a
    loss that hardly changes for a whole horizon, while others do, gets up to ``1 / floor`` times the weight of its
    level, until it moves.

    One bad batch is no history: of a loss more than ``outlier`` spreads from its mean only so much is remembered,
    here and in the smoothing, see ``without_outliers``; in its own step it is measured by a share of its distance, a
    tenth under ``noise_horizon=10``. What has moved for good counts as travel: a constant that is added in the middle
    of a run, a thousand spreads large, leaves its task next to nothing for five to ten horizons.

    Args:
        horizon: Number of steps that the spread looks back, above 1.
        noise_horizon: Number of steps that the noise looks back, above 1.
        least: The least scale, in noises, at least 0.
        most: The largest scale, in spreads, positive. While fewer steps than the horizon have run it is larger by
            their ratio.
        floor: The least scale as a share of the level, above 0, at most 1: a loss that repeats itself has no spread.
            After a task's second loss the share is at least a tenth, after the third a hundredth, and so on.
        outlier: How many spreads from its mean are remembered of a loss, positive.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> import torch
        >>> scale = LevelWithinSpread(horizon=2.0)
        >>> for loss in (1.0, 2.0, 1.0, 2.0, 1.0):
        ...     losses = torch.tensor([loss, 1000 + loss], dtype=torch.float64)
        ...     found = scale(losses, losses)
        >>> found  # the level, and the spread of a loss that is far from 0
        tensor([1.0000, 1.0000], dtype=torch.float64)
    """

    def __init__(
        self,
        horizon: float = 100.0,
        noise_horizon: float = 10.0,
        least: float = 1.0,
        most: float = 1.0,
        floor: float = 1e-6,
        outlier: float = 30.0,
    ) -> None:
        super().__init__()
        self.horizon = check_horizon("horizon", horizon)
        self.noise_horizon = check_horizon("noise_horizon", noise_horizon)
        self.least = non_negative("least", least)
        self.most = positive("most", most)
        self.floor = positive("floor", floor)
        if self.floor > 1:
            raise ValueError(f"`floor` must be at most 1, but is {floor!r}.")
        self.outlier = positive("outlier", outlier)

    @override
    def without_outliers(self, losses: Tensor) -> Tensor:
        spread = self.remembered(losses, 6)[:3]
        (kept,) = on_arrays(_kept, losses, spread, decay=self.settings["decay"], most=self.outlier)
        return kept

    @override
    def forward(self, losses: Tensor, levels: Tensor) -> Tensor:
        state, kept = self.remembered(losses, 6), self.without_outliers(losses)
        settings = {name: number for name, number in self.settings.items() if name != "outlier"}
        moved, scales = on_arrays(move_scales, state, losses, kept, levels, **settings)
        state.copy_(moved)
        return scales

    @override
    def variances(self, levels: Tensor) -> Tensor:
        # A loss that is all noise is uncertain by as much as its noise, by which it is measured then.
        share = spread_of(self.remembered(levels, 6)[3:], self.settings["noise_decay"]) / levels.abs()
        return math.pi / 2 * share.nan_to_num(1.0).clamp(max=1).square()  # of normal noise, from its mean distance

    @property
    def settings(self) -> dict[str, float]:
        """Shares of the past and bounds, as the equations have them."""
        decays = {"decay": 1 - 1 / self.horizon, "noise_decay": 1 - 1 / self.noise_horizon}
        return decays | {name: getattr(self, name) for name in ("least", "most", "floor", "outlier")}

    @override
    def extra_repr(self) -> str:
        names = ("horizon", "noise_horizon", "least", "most", "floor", "outlier")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


def _kept(losses: Array, state: Array, decay: float, most: float) -> tuple[Array]:
    return (without_outliers(losses, state, decay, most),)
