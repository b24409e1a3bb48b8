"""Pictures the size of a word, as SVG in the colour of the text around them: legible on light paper and on dark."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, POINTS = 110, 18, 55
_FRAME = (
    '<svg role="img" aria-label="{label}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
    'style="vertical-align:middle;min-width:{width}px"><title>{label}</title>{content}</svg>'
)


def thinned(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Keep at most 55 values, evenly spread, with the first and the last.

    Example:
        >>> thinned(np.arange(1000.0))[[0, -1]]
        array([  0., 999.])
    """
    kept = np.linspace(0, len(values) - 1, min(len(values), POINTS)).round().astype(int)
    return np.asarray(values[kept], dtype=float)


def line(values: Sequence[float], label: str, steps: bool = False) -> str:
    """Draw values as a line, which is broken where one is not finite.

    Args:
        values: The values, at least one finite.
        label: What it shows, for those who do not see it.
        steps: Whether values hold until the next one, as groups do.

    Returns:
        SVG; empty if there is nothing to draw.

    Example:
        >>> line([0.0, 1.0], "weight of <a>").count("<path"), line([float("nan")], "nothing")
        (1, '')
    """
    known = np.asarray(values, dtype=float)
    finite = np.isfinite(known)
    if finite.sum() < 2:
        return ""
    low, high = known[finite].min(), known[finite].max()
    heights = np.where(finite, 2 + (HEIGHT - 4) * _below(known, low, high), np.nan)
    points = list(zip(np.linspace(1, WIDTH - 1, len(known)), heights, strict=True))
    pieces = [_piece(one, other, steps) for one, other in pairwise(points) if np.isfinite([one[1], other[1]]).all()]
    path = f'<path d="{"".join(pieces)}" fill="none" stroke="currentColor" stroke-width="1.3"/>'
    return _FRAME.format(label=escape(label), width=WIDTH, height=HEIGHT, content=path)


def _below(known: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """How far below the top, from 0 to 1; what never changes lies in the middle."""
    return np.full_like(known, 0.5) if low == high else (high - known) / (high - low)


def _piece(one: tuple[float, float], other: tuple[float, float], steps: bool) -> str:
    bend = f"H{other[0]:.1f}" if steps else ""
    return f"M{one[0]:.1f} {one[1]:.1f}{bend}L{other[0]:.1f} {other[1]:.1f}"


def bar(share: float) -> str:
    """Draw a bar, of which the number beside it says the length.

    Args:
        share: Its length, of the longest.
    """
    return (
        '<svg aria-hidden="true" width="80" height="8" style="min-width:80px">'
        f'<rect width="{80 * share:.0f}" height="8" fill="currentColor" opacity=".55"/></svg>'
    )
