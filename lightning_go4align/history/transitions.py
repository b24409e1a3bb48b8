"""How the groups change from one step to the next."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

_COUNTED_BY = {
    "rand": "compared",
    "adjusted_rand": "compared",
    "moves": "followed",
    "held": "followed",
    "occupied": "transitions",
}


@dataclass(frozen=True)
class Transitions:
    """Transitions between consecutive steps, or sums over windows of them; all arrays have the shape ``[B]``.

    Args:
        transitions: Number of transitions: 1, or of a window all that end in it.
        rand: Rand index of both groupings, over the tasks in both; 0 where those are fewer than two.
        adjusted_rand: The same, adjusted for chance.
        moves: Tasks that change group.
        held: Transitions of some task without a move.
        occupied: Groups in use after it.
        compared: Transitions of two tasks or more, of which there is a Rand index.
        followed: Transitions of one task or more: it is in a group before and after.

    Example:
        >>> windows = Transitions.zeros(4)
        >>> len(windows), len(windows.summed(2))
        (4, 2)
    """

    transitions: NDArray[np.float64]
    rand: NDArray[np.float64]
    adjusted_rand: NDArray[np.float64]
    moves: NDArray[np.float64]
    held: NDArray[np.float64]
    occupied: NDArray[np.float64]
    compared: NDArray[np.float64]
    followed: NDArray[np.float64]

    @classmethod
    def zeros(cls, number: int) -> Self:
        """Make windows in which nothing has happened yet."""
        return cls(*np.zeros((len(fields(cls)), number)))

    def __len__(self) -> int:
        return len(self.transitions)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(*(part[rows].copy() for part in vars(self).values()))

    def summed(self, size: int) -> Self:
        """Sum up ``size`` rows at a time; the last sum may be of fewer."""
        starts = np.arange(0, len(self), size)
        return type(self)(*(np.add.reduceat(part, starts) if len(self) else part for part in vars(self).values()))

    def total(self) -> Self:
        """Sum up all rows; arrays of the shape ``[]``."""
        return type(self)(*(np.asarray(part.sum()) for part in vars(self).values()))

    def means(self) -> Self:
        """Divide each sum by the number of transitions that can tell of it; NaN where there are none."""
        counts = {name: getattr(self, count) for name, count in _COUNTED_BY.items()}
        divided = {
            name: np.divide(part, counts[name], out=np.full_like(part, np.nan), where=counts[name] > 0)
            for name, part in vars(self).items()
            if name in counts
        }
        return replace(self, **divided)

    def add(self, indices: NDArray[np.int64], rows: "Transitions") -> None:
        """Add rows to these sums, in place.

        Args:
            indices: To which sum each row goes, shape ``[T]``.
            rows: ``T`` rows.
        """
        for sums, part in zip(vars(self).values(), vars(rows).values(), strict=True):
            np.add.at(sums, indices, part)
