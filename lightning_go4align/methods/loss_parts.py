"""The parts of ``RobustGO4Align``: how losses are smoothed, what they are measured on, and what history means."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative, positive
from lightning_go4align.functional.arrays import library_of, on_arrays
from lightning_go4align.functional.loss_history import bounded_level, is_loss, move_mean, move_spread
from lightning_go4align.functional.losses import check_number_of_tasks
from lightning_go4align.methods.sized_by_first_call import SizedByFirstCall


class LossPart(SizedByFirstCall):
    """A part of a method that remembers some numbers of each task.

    Called with vectors of shape ``[M]`` in the device's widest dtype, NaN for an absent task, it returns one; of an
    absent task it returns what it knows from before.

    Attributes:
        state: What it remembers, shape ``[rows, M]``; None before the first call.
    """

    state: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("state", None)

    def remembered(self, values: Tensor, rows: int) -> Tensor:
        """Return the state; zeros at first.

        Args:
            values: What the part is called with, shape ``[M]``.
            rows: How many numbers of each task it remembers.

        Returns:
            The state, shape ``[rows, M]``.

        Raises:
            ValueError: If the number of tasks has changed.
        """
        if self.state is None:
            return values.new_zeros((rows, len(values)))
        check_number_of_tasks(values, self.state.shape[1])
        return self.state

    def reset(self) -> None:
        """Forget the losses seen so far, and with them the number of tasks."""
        self.state = None

    @abstractmethod
    @override
    def extra_repr(self) -> str: ...


class ExponentialMean(LossPart):
    """Smooth losses by an exponential mean without bias at the start, see ``move_mean``.

    Args:
        decay: Share of the past, from 0 (the present loss alone) to below 1. With 0.9 about ten losses count.

    Raises:
        TypeError: If ``decay`` is no number.
        ValueError: If it is out of range.

    Example:
        >>> smoothing = ExponentialMean(decay=0.5)
        >>> [smoothing(torch.tensor([loss], dtype=torch.float64)).item() for loss in (4.0, 1.0)]
        [4.0, 2.0]
    """

    def __init__(self, decay: float = 0.9) -> None:
        super().__init__()
        self.decay = _below_1("decay", non_negative("decay", decay))

    @override
    def forward(self, losses: Tensor) -> Tensor:
        self.state, means = on_arrays(move_mean, self.remembered(losses, 2), losses, decay=self.decay)
        return means

    @override
    def extra_repr(self) -> str:
        return f"decay={self.decay}"


class Level(LossPart):
    """Measure a loss by its own size: for positive losses whose zero means that nothing is left to learn.

    Example:
        >>> Level()(torch.tensor([2.0]), torch.tensor([3.0]))
        tensor([3.])
    """

    why_positive: str = "it is their own size that they are measured by: a task whose loss is not has weight 0"

    @override
    def forward(self, losses: Tensor, levels: Tensor) -> Tensor:
        return levels.where(levels > 0, torch.nan)

    @override
    def extra_repr(self) -> str:
        return ""


class LevelWithinSpread(LossPart):
    """Measure a loss by its size, but never by less than its noise, nor by much more than it spreads: for any sign.

    A regression or classification loss lies within these bounds, and is measured by its level. A constant added to
    it (a likelihood's, an energy's) drives the level out of them, and the spread, which knows of no zero, decides:
    how far the losses of about the last ``horizon`` steps lay from their mean, by the noise of the batches and by
    what has been learned. So the task is learned as without the constant. On its way through 0 a loss is measured by
    its noise, the spread over ``noise_horizon`` steps: its weight grows by a power of ten or so. See
    ``bounded_level`` and ``move_spread``.

    What this cannot mend: a constant larger than ``1 / floor`` times what the task learns in all gives it too small
    a weight. And a loss that hardly changes for a whole horizon, on the full data or at a learning rate near 0, gets
    up to ``1 / floor`` times the weight of its level.

    Args:
        horizon: Number of steps that the spread looks back, above 1.
        noise_horizon: Number of steps that the noise looks back, above 1.
        least: The least scale, in noises, at least 0.
        most: The largest scale, in spreads, positive. While fewer steps than the horizon have run it is larger by
            their ratio.
        floor: The least scale as a share of the level, from 0 to 1.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> scale = LevelWithinSpread(horizon=2.0)
        >>> for loss in (1000.0, 1001.0, 999.0, 1001.0, 1000.0):
        ...     loss = torch.tensor([loss], dtype=torch.float64)
        ...     found = scale(loss, loss)
        >>> found  # most * spread / mass: 10 times about 1
        tensor([8.7234], dtype=torch.float64)
    """

    def __init__(
        self,
        horizon: float = 100.0,
        noise_horizon: float = 10.0,
        least: float = 1.0,
        most: float = 10.0,
        floor: float = 1e-3,
    ) -> None:
        super().__init__()
        self.horizon = check_horizon("horizon", horizon)
        self.noise_horizon = check_horizon("noise_horizon", noise_horizon)
        self.least = non_negative("least", least)
        self.most = positive("most", most)
        self.floor = non_negative("floor", floor)
        if self.floor > 1:
            raise ValueError(f"`floor` must be at most 1, but is {floor!r}.")

    @override
    def forward(self, losses: Tensor, levels: Tensor) -> Tensor:
        settings = {"decay": 1 - 1 / self.horizon, "noise_decay": 1 - 1 / self.noise_horizon}
        settings |= {"least": self.least, "most": self.most, "floor": self.floor}
        self.state, scales = on_arrays(_move_bounds, self.remembered(losses, 6), losses, levels, **settings)
        return scales

    @override
    def extra_repr(self) -> str:
        names = ("horizon", "noise_horizon", "least", "most", "floor")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


def _move_bounds(
    state: Any, losses: Any, levels: Any, decay: float, noise_decay: float, **bounds: float
) -> tuple[Any, Any]:
    long, spread, mass = move_spread(state[:3], losses, decay)
    short, noise, _ = move_spread(state[3:], losses, noise_decay)
    scales = bounded_level(levels, noise, spread, mass, **bounds)
    return library_of(losses).concatenate([long, short]), scales


class RelativeHistory(LossPart):
    r"""Let a task's weight depend on its progress: Eq. 6 with losses relative to their own mean over a horizon.

    .. math:: \log q^m = -\beta \, \frac{S^m - \bar S^m}{S^m + \bar S^m}

    :math:`\bar S` is the exponential mean of the scale over the horizon. Eq. 6 adds up raw losses, so that its
    exponent depends on their unit and grows with the number of steps; this one lies between :math:`-\beta` and
    :math:`\beta`. As there, a task that gets worse loses weight.

    Args:
        beta: How much, at least 0.
        horizon: Number of steps that progress looks back, above 1.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
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
        self.state, factors = on_arrays(_move_history, self.remembered(losses, 2), losses, scales, **settings)
        return factors

    @override
    def extra_repr(self) -> str:
        return f"beta={self.beta}, horizon={self.horizon}"


def _move_history(state: Any, losses: Any, scales: Any, beta: float, decay: float) -> tuple[Any, Any]:
    xp = library_of(scales)
    state, usual = move_mean(state, xp.where(is_loss(losses), scales, xp.nan), decay)
    return state, xp.exp(-beta * (scales - usual) / (scales + usual))


def check_horizon(name: str, horizon: object) -> float:
    """Take a number of steps to look back.

    Args:
        name: The argument's name.
        horizon: What was given.

    Returns:
        The number.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not above 1, or infinite.

    Example:
        >>> check_horizon("horizon", 100)
        100
    """
    number = positive(name, horizon)
    if number <= 1:
        raise ValueError(f"`{name}` must be above 1 step, but is {horizon!r}.")
    return number


def _below_1(name: str, number: float) -> float:
    if number >= 1:
        raise ValueError(f"`{name}` must be below 1, but is {number!r}.")
    return number
