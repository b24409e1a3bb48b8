"""When pictures are drawn."""

import math


class PictureSchedule:
    """Spread a number of pictures evenly over a fit.

    Args:
        number: How many, at least 0.

    Attributes:
        next_step: The step from which on the next one is due; infinite if none is.
        latest: The step of the one that was drawn last in this fit; -1 before any.

    Example:
        >>> schedule = PictureSchedule(number=2)
        >>> schedule.start(step=0, num_steps=100)
        >>> schedule.next_step
        50.0
        >>> schedule.drawn(step=50)
        >>> schedule.next_step
        100.0
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.next_step = math.inf
        self.latest = -1
        self._distance = math.inf

    def start(self, step: int, num_steps: float) -> None:
        """Start a fit.

        Args:
            step: Steps that went before.
            num_steps: Steps of the whole fit; infinite for one without an end.
        """
        self._distance = num_steps / max(self.number, 1)
        self.drawn(step)
        self.latest = -1

    def drawn(self, step: int) -> None:
        """Count on it that a picture was drawn, or the fit begun.

        Args:
            step: The step.
        """
        self.latest = step
        # A fit without an end shows its pictures at steps that double.
        distance = self._distance if math.isfinite(self._distance) else max(step, 64)
        self.next_step = step + distance if self.number > 0 else math.inf
