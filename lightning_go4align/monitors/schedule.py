"""When pictures are drawn."""

import math


class PictureSchedule:
    """Spread a number of pictures evenly over a fit.

    Args:
        number: How many, at least 0.

    Example:
        >>> schedule = PictureSchedule(number=2)
        >>> schedule.start(step=0, num_steps=100)
        >>> [step for step in range(0, 101, 10) if schedule.due(step)]
        [50, 100]
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._distance, self._last = math.inf, 0

    def start(self, step: int, num_steps: float) -> None:
        """Start a fit.

        Args:
            step: Steps that went before.
            num_steps: Steps of the whole fit; infinite for one without an end.
        """
        self._distance, self._last = num_steps / max(self.number, 1), step

    def due(self, step: int) -> bool:
        """Tell whether to draw in this step, and count on it that it is done."""
        # A fit without an end shows its pictures at steps that double.
        distance = self._distance if math.isfinite(self._distance) else max(self._last, 64)
        due = self.number > 0 and step >= self._last + distance
        self._last = step if due else self._last
        return due
