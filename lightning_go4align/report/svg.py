"""Figures as inline SVG in the reader's own colour scheme."""

import io
import re
import warnings

from matplotlib.figure import Figure

from lightning_go4align.plots.style import palette, style


def inline(figure: Figure) -> str:
    """Turn a figure that was drawn in the light style into SVG that follows the page's colours.

    Each colour of the light style sheet becomes a CSS variable of its role. Text stays text, and what names a host
    or a date is left out.

    Args:
        figure: The figure.

    Returns:
        An ``<svg>`` element, as wide as its container.

    Example:
        >>> from lightning_go4align import plots
        >>> from lightning_go4align.plots.example import example_history
        >>> svg = inline(plots.moves(example_history()))
        >>> svg[:4], "var(--accent)" in svg, "<!DOCTYPE" in svg
        ('<svg', True, False)
    """
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set_gid("paper")
    buffer = io.StringIO()
    with style("light"), warnings.catch_warnings():
        # Text stays text: the browser has the letters that matplotlib's own fonts lack.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' id="[a-zA-Z0-9]+_\d+"', "", svg)  # would repeat from figure to figure; nothing refers to them
    svg = svg.replace('id="paper"', 'class="paper"')
    for role, colour in palette("light").items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg
