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

    def every(self, stride: int) -> tuple[Self, NDArray[np.bool_]]:
        """Keep the steps that ``stride`` divides; each tells of infinite losses up to the next.

        Returns:
            The steps, and of which tasks the loss was infinite before the first of them, shape ``[M]``.
        """
        kept, bad = self.steps % stride == 0, np.isinf(self.losses)
        marks = np.zeros((np.count_nonzero(kept) + 1, bad.shape[1]), np.bool_)
        np.logical_or.at(marks, kept.cumsum(), bad)
        return type(self)(*(part[kept] for part in self)).marked(marks[1:]), marks[0]

    def marked(self, bad: NDArray[np.bool_]) -> Self:
        """Make losses infinite.

        Args:
            bad: Which, shape ``[R, M]``.
        """
        return self._replace(losses=np.where(bad, np.float32(np.inf), self.losses)) if bad.any() else self


class Samples:
    """Keep at most ``capacity`` steps: when they are full, every second is dropped.

    That a loss was not finite is no number to drop: the step before that is kept says it.

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
        sampled, bad_before = new.every(self._stride)
        last = self._parts[-1]
        is_last = np.arange(len(last.steps))[:, None] == len(last.steps) - 1
        self._parts[-1] = last.marked(is_last & bad_before)
        if len(sampled.steps):
            self._parts.append(sampled)
        self._count += len(sampled.steps)
        while self._count > self.capacity:
            self._stride *= 2
            self._parts = [self.merged().every(self._stride)[0]]
            self._count = len(self._parts[0].steps)

    def merged(self) -> Steps:
        """Join what was taken, which copies; the samples of a run are joined when someone looks."""
        if len(self._parts) > 1:
            self._parts = [Steps(*(np.concatenate(part) for part in zip(*self._parts, strict=True)))]
        return self._parts[0]
