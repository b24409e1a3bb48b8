"""How a factor grows over the first steps: a warm-up, as of a KL term."""

import math

from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative


class LinearWarmup:
    """Grow from one number to another, by the same amount per step.

    Args:
        steps: After how many steps the end is reached, at least 1.
        start: The number at the first step, at least 0.
        end: The number from then on, at least 0.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> [LinearWarmup(steps=4)(step) for step in (0, 1, 4, 100)]
        [0.0, 0.25, 1.0, 1.0]
    """

    def __init__(self, steps: int, start: float = 0.0, end: float = 1.0) -> None:
        self.steps = as_integer("steps", steps, least=1)
        self.start = non_negative("start", start)
        self.end = non_negative("end", end)

    def __call__(self, step: int) -> float:
        """Return the number at a step, counted from 0."""
        return self.start + (self.end - self.start) * self._share(min(step / self.steps, 1.0))

    def _share(self, passed: float) -> float:
        return passed

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(steps={self.steps}, start={self.start}, end={self.end})"


class CosineWarmup(LinearWarmup):
    """Grow from one number to another along half a wave of the cosine: gently at both ends.

    Args:
        steps: After how many steps the end is reached, at least 1.
        start: The number at the first step, at least 0.
        end: The number from then on, at least 0.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> [round(CosineWarmup(steps=4)(step), 3) for step in (0, 1, 2, 4, 100)]
        [0.0, 0.146, 0.5, 1.0, 1.0]
    """

    @override
    def _share(self, passed: float) -> float:
        return (1 - math.cos(math.pi * passed)) / 2
