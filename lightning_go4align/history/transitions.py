"""How the groups change from one step to the next."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Transitions:
    """Transitions between consecutive steps, or sums over windows of them; all arrays have the shape ``[B]``.

    Args:
        transitions: Number of transitions: 1, or of a window all that end in it.
        rand: Rand index of both groupings, over the tasks in both.
        adjusted_rand: The same, adjusted for chance.
        moves: Tasks that change group.
        held: Transitions without a move.
        occupied: Groups in use after it.

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
        """Divide all sums by the number of transitions; NaN where there are none."""
        count = self.transitions
        parts = {name: part for name, part in vars(self).items() if name != "transitions"}
        divided = {
            name: np.divide(part, count, out=np.full_like(part, np.nan), where=count > 0)
            for name, part in parts.items()
        }
        return type(self)(transitions=count, **divided)

    def add(self, indices: NDArray[np.int64], rows: "Transitions") -> None:
        """Add rows to these sums, in place.

        Args:
            indices: To which sum each row goes, shape ``[T]``.
            rows: ``T`` rows.
        """
        for sums, part in zip(vars(self).values(), vars(rows).values(), strict=True):
            np.add.at(sums, indices, part)
