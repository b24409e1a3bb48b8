"""Curves of which no point is lost: a line shows nothing of a value between two that are missing."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray


def alone(values: ArrayLike) -> NDArray[np.bool_]:
    """Find the values without a neighbour.

    Args:
        values: A curve, shape ``[P]``; what is not finite is a gap.

    Returns:
        Whether a value is finite and those before and behind it are not, or not there; shape ``[P]``.

    Example:
        >>> alone([1.0, np.nan, 2.0, 3.0]).tolist()
        [True, False, False, False]
    """
    finite = np.isfinite(np.asarray(values, dtype=float))
    around = np.concatenate([[False], finite, [False]])
    return np.asarray(finite & ~around[:-2] & ~around[2:])


def draw_line(axes: Axes, places: ArrayLike, values: ArrayLike, size: float = 3, **look: Any) -> Line2D:
    """Draw a line, and a dot where a value stands alone.

    Args:
        axes: Where to draw.
        places: Where the values stand, shape ``[P]``.
        values: A curve, shape ``[P]``.
        size: Of a dot, in points.
        look: What ``Axes.plot`` takes for both.

    Returns:
        The line.

    Example:
        >>> from lightning_go4align.plots.style import canvas
        >>> figure, axes = canvas(2, 2)
        >>> line = draw_line(axes, [1, 2, 3], [5.0, np.nan, 4.0])
        >>> axes.lines[0].get_xdata().tolist()
        [1, 3]
    """
    lonely = alone(values)
    if lonely.any():
        dots = np.asarray(places)[lonely], np.asarray(values)[lonely]
        axes.plot(*dots, "o", markersize=size, **look)
    (line,) = axes.plot(places, values, **look)
    return line
