"""Bars that compare methods: the paper's Fig. 4, and a score over seeds."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from lightning_go4align.plots.bars import draw_bars
from lightning_go4align.plots.checks import FINISH, check_some
from lightning_go4align.plots.names import margin
from lightning_go4align.plots.style import HALF, ROW, canvas, picture


@picture
def runtime_bars(seconds: Mapping[str, float], reference: str) -> Figure:
    """Show how many times longer than a reference each method takes, the fastest on top (Fig. 4).

    Args:
        seconds: Time of each method, in any unit that is the same for all.
        reference: The method that counts as 1.

    Raises:
        ValueError: If the reference is not among the methods.

    Example:
        >>> figure = runtime_bars({"LS": 10.0, "GO4Align": 10.2, "MGDA": 31.0}, reference="LS")
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1.00×', '1.02×', '3.10×']
    """
    check_some(seconds, "one method", FINISH)
    if reference not in seconds:
        raise ValueError(f"`reference` must be one of {list(seconds)}, but is {reference!r}.")
    ratios = [value / seconds[reference] for value in seconds.values()]
    figure, axes = canvas(HALF, 0.15 + ROW * 1.1 * len(seconds), left=margin(list(seconds)), right=0.1, bottom=0.05)
    draw_bars(axes, ratios, list(seconds), "{:.2f}×")
    return figure
