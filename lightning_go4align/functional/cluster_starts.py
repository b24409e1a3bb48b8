"""Where the optimal clusters of sorted points start: the dynamic programme behind exact K-means, in NumPy."""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 64  # Ends of clusters that are solved together: their gains stay in the cache.


def optimal_starts(ordered: Floats, sizes: range) -> list[list[int]]:
    """Find where each optimal cluster starts, in the sorted points.

    A cluster gains its sum squared over its size; to maximise the gain is to minimise the sum of squares. Equal
    points end up together because no cluster may start between them.

    Args:
        ordered: Finite points, ascending.
        sizes: Numbers of clusters, ascending.

    Returns:
        For each of them the places where clusters start: fewer than so many if the points have fewer values.

    Example:
        >>> optimal_starts(np.array([1.0, 2.0, 9.0, 9.0]), range(1, 4))
        [[0], [0, 2], [0, 1, 2]]
    """
    is_border = ordered[1:] > ordered[:-1]
    borders = is_border.nonzero()[0]
    distinct = 1 + len(borders)
    apart = [0, *(borders + 1).tolist()] if sizes[-1] >= distinct else []
    if sizes[0] >= distinct:
        return [apart] * len(sizes)
    # Moved to [0, 1]: nearly equal points far from 0 keep their digits, and no square overflows.
    moved = ordered - ordered[0]
    moved /= moved[-1]
    penalty = np.where(is_border, 0.0, -np.inf) if distinct < len(ordered) else None
    layers, choices, last = _layers(np.add.accumulate(moved), penalty, min(sizes[-1], distinct) - 1)
    return [_trace(layers, choices, last, size) if size < distinct else apart for size in sizes]


def _layers(sums: Floats, penalty: Floats | None, number: int) -> tuple[list[Floats], list[Integers], Floats]:
    """Solve for 1 ... ``number`` clusters of the points up to each end, in blocks of ends.

    Returns:
        The best gains, where the last cluster then starts (from 2 clusters on), and what one more cluster, up to the
        last end, gains from each start.
    """
    ends = len(sums)
    layers, choices = [sums * sums * _inverses(ends)], []
    for first in range(0 if number > 1 else ends - 1, ends, BLOCK):
        last = min(first + BLOCK, ends)
        gains, rows = _gains(sums, first, last)
        if penalty is not None:
            gains += penalty[: last - 1]
        for size in range(1, number):
            totals = layers[size - 1][: last - 1] + gains
            choice = totals.argmax(1)
            best = totals.ravel()[choice + rows]
            if first == 0:
                layers.append(best)
                choices.append(choice)
            else:
                layers[size] = np.concatenate([layers[size], best])
                choices[size - 1] = np.concatenate([choices[size - 1], choice])
    return layers, choices, gains[-1]


def _gains(sums: Floats, first: int, last: int) -> tuple[Floats, Integers]:
    """Gain of a cluster from each start 1 ... ``last`` - 1 (column) to each end behind ``first`` (row)."""
    inverse, impossible, rows = _sizes(first, last)
    gains = sums[first:last, None] - sums[: last - 1]
    gains *= gains
    gains *= inverse
    gains += impossible
    return gains, rows


@lru_cache(maxsize=64)
def _sizes(first: int, last: int) -> tuple[Floats, Floats, Integers]:
    """Inverse sizes of those clusters, minus infinity where there is none, and the first flat index of each row."""
    columns = last - 1
    sizes = np.arange(columns, first - columns, -1)  # A row is the one above it, moved by one.
    vectors = 1.0 / np.maximum(sizes, 1), np.where(sizes > 0, 0.0, -np.inf)
    inverse, impossible = (sliding_window_view(vector, columns)[::-1] for vector in vectors)
    if first == 0:  # Few enough to copy: arithmetic on adjoining rows is faster.
        inverse, impossible = inverse.copy(), impossible.copy()
    return inverse, impossible, np.arange(0, inverse.size, columns)


@lru_cache(maxsize=64)
def _inverses(number: int) -> Floats:
    return 1.0 / np.arange(1, number + 1)


def _trace(layers: list[Floats], choices: list[Integers], last: Floats, size: int) -> list[int]:
    """Follow the best starts of ``size`` clusters back from the last point."""
    if size == 1:
        return [0]
    chosen = int((layers[size - 2][:-1] + last).argmax())
    starts = [chosen + 1]
    for choice in reversed(choices[: size - 2]):
        chosen = choice.item(chosen)
        starts.append(chosen + 1)
    return [0, *reversed(starts)]
