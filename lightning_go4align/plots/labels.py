"""Names at the ends of lines, which never collide."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.style import ROW, colour


def room_beside(names: Sequence[str]) -> float:
    """Room at the right of an axes for the names of its lines, or that of its x axis, in inches.

    Example:
        >>> room_beside(["a"])
        0.75
    """
    return max(margin(names) + 0.2, 0.75)


def spread(positions: ArrayLike, gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Push labels apart, moving them as little as possible.

    Args:
        positions: Where they belong, shape ``[N]``, any order.
        gap: Least distance between two.
        low: Least position.
        high: Largest position.

    Returns:
        Where to put them, shape ``[N]``; if they do not fit, evenly from ``low`` to ``high``.

    Example:
        >>> spread([0.5, 0.5, 0.9], gap=0.2, low=0, high=1)
        array([0.4, 0.6, 0.9])
    """
    values = np.asarray(positions, dtype=float)
    order = np.argsort(values, kind="stable")
    gap = min(gap, (high - low) / max(len(values) - 1, 1))
    offsets = gap * np.arange(len(values))
    apart = isotonic_regression(values[order] - offsets).x.clip(low, max(low, high - offsets[-1])) + offsets
    return np.asarray(apart[np.argsort(order, kind="stable")])


def end_labels(axes: Axes, positions: ArrayLike, names: Sequence[str], colours: Sequence[ArrayLike]) -> None:
    """Name lines at their right end, beside the axes, pushed apart; only the extremes when there are too many.

    Args:
        axes: Axes whose limits are final.
        positions: Ends of the lines on the y axis, shape ``[N]``; NaN for a line to leave out.
        names: Their names.
        colours: Their colours; the names themselves are in ink, which is legible on any paper.
    """
    ends = np.stack([np.zeros(len(names)), np.asarray(positions, dtype=float)], axis=1)
    heights = axes.transAxes.inverted().transform(axes.transData.transform(ends))[:, 1]
    shown = np.flatnonzero(np.isfinite(heights))
    size = axes.get_window_extent().height / axes.get_figure().dpi  # type: ignore[union-attr]  # as above
    room = int(size / ROW * 1.35) + 1
    ranked = shown[np.argsort(heights[shown], kind="stable")]
    kept = ranked if len(ranked) <= room else np.concatenate([ranked[: room // 2], ranked[-(room - room // 2) :]])
    words = shorten(names)
    for index, position in zip(
        kept, spread(heights[kept], ROW * 0.78 / size, 0, 1) if len(kept) else [], strict=True
    ):
        axes.annotate(
            words[index],
            (1, float(np.clip(heights[index], 0, 1))),
            xytext=(1 + 0.16 / (axes.get_window_extent().width / 100), position),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            color=colour("ink"),
            arrowprops={
                "arrowstyle": "-",
                "color": colours[index],
                "linewidth": 1.0,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )
