"""Every n-th step of a run, in memory that does not grow."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Steps(NamedTuple):
    """Consecutive or sampled steps.

    Args:
        steps: Which, ascending, shape ``[R]``, int64.
        groups: Groups of the tasks, shape ``[R, M]``, int16; -1 for none.
        weights: Weights, shape ``[R, M]``, float32.
        indicators: Group indicators, shape ``[R, M]``, float32; NaN for none.
        losses: Losses, shape ``[R, M]``, float32; NaN for an absent task, infinite where one was not finite.
    """

    steps: NDArray[np.int64]
    groups: NDArray[np.int16]
    weights: NDArray[np.float32]
    indicators: NDArray[np.float32]
    losses: NDArray[np.float32]

    def every(self, stride: int) -> Self:
        """Keep the steps that ``stride`` divides."""
        kept = self.steps % stride == 0
        return self if kept.all() else type(self)(*(part[kept] for part in self))


class Samples:
    """Keep at most ``capacity`` steps: when they are full, every second is dropped.

    Args:
        kept: Samples to go on from.
        capacity: The largest number of samples, at least 2.

    Example:
        >>> def steps(*numbers):
        ...     column = np.zeros((len(numbers), 1), np.float32)
        ...     return Steps(np.array(numbers), column.astype(np.int16), column, column, column)
        >>> samples = Samples(steps(0, 1, 2), capacity=4)
        >>> samples.add(steps(3, 4, 5))
        >>> samples.merged().steps.tolist()
        [0, 2, 4]
    """

    def __init__(self, kept: Steps, capacity: int) -> None:
        self.capacity = capacity
        self._stride = int(kept.steps[1] - kept.steps[0]) if len(kept.steps) > 1 else 1
        self._parts, self._count = [kept], len(kept.steps)

    def add(self, new: Steps) -> None:
        """Take the steps whose turn it is.

        Args:
            new: Consecutive steps, later than all before.
        """
        sampled = new.every(self._stride)
        self._parts.append(sampled)
        self._count += len(sampled.steps)
        while self._count > self.capacity:
            self._stride *= 2
            self._parts = [self.merged().every(self._stride)]
            self._count = len(self._parts[0].steps)

    def merged(self) -> Steps:
        """Join what was taken, which copies; the samples of a run are joined when someone looks."""
        if len(self._parts) > 1:
            self._parts = [Steps(*(np.concatenate(part) for part in zip(*self._parts, strict=True)))]
        return self._parts[0]
