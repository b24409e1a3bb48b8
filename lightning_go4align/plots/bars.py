"""Bars with a name and a number each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from lightning_go4align.plots.names import margin, shorten
from lightning_go4align.plots.style import colour


def draw_ranks(axes: Axes, ranks: ArrayLike, methods: Sequence[str]) -> None:
    """Draw mean ranks as bars, the best on top.

    Args:
        axes: Where to draw.
        ranks: Mean ranks, shape ``[N]``.
        methods: Names of the methods.

    Example:
        >>> from lightning_go4align.plots.style import canvas
        >>> figure, axes = canvas(3, 1)
        >>> draw_ranks(axes, [2.0, 1.0], ["LS", "GO4Align"])
        >>> [text.get_text() for text in axes.texts]
        ['1.00', '2.00']
    """
    draw_bars(axes, np.asarray(ranks, dtype=float), methods, "{:.2f}")


def draw_bars(axes: Axes, values: ArrayLike, names: Sequence[str], template: str) -> None:
    """Draw bars, the shortest on top.

    Args:
        axes: Where to draw.
        values: Lengths, shape ``[N]``, at least 0; what is not finite has no bar.
        names: Names of the bars.
        template: How to print a number.
    """
    sizes = np.atleast_1d(np.asarray(values, dtype=float))
    order = np.argsort(sizes, kind="stable")
    drawn = np.where(np.isfinite(sizes), sizes, 0)
    axes.barh(range(len(order)), drawn[order], height=0.7, color=colour("accent"))
    labels = ["–" if np.isnan(sizes[index]) else template.format(sizes[index]) for index in order]
    for row, (index, label) in enumerate(zip(order, labels, strict=True)):
        position, ink = (drawn[index], row), colour("muted")
        axes.annotate(label, position, (4, 0), textcoords="offset points", va="center", color=ink)
    make_room(axes, (0, drawn.max()), labels, np.ones(len(labels), dtype=bool))
    name_rows(axes, [names[index] for index in order])


def make_room(axes: Axes, ends: tuple[float, float], labels: Sequence[str], right: NDArray[np.bool_]) -> None:
    """Set the limits so that the longest label on either side fits beside the longest bar, within the axes.

    Args:
        axes: Where bars are drawn.
        ends: The least and the largest end of a bar.
        labels: Of each bar.
        right: Whether a label stands at the right of its bar, shape ``[N]``.
    """
    width = axes.get_window_extent().width / axes.get_figure().dpi  # type: ignore[union-attr]  # it has one
    labelled = (
        [label for label, found in zip(labels, right, strict=True) if found == side] for side in (False, True)
    )
    before, after = (margin(found) / width if found else 0.0 for found in labelled)
    whole = ((ends[1] - ends[0]) or 1) / max(1 - before - after, 0.2)
    axes.set_xlim(ends[0] - before * whole, ends[1] + after * whole)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of horizontal bars, the first on top.

    Args:
        axes: Where to draw.
        names: A name for each row.
    """
    axes.set_yticks(range(len(names)), shorten(names), parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.set_xticks([])
