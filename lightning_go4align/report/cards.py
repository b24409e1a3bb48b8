"""The cards of a page: a figure or a table, with its heading and its buttons."""

from collections.abc import Callable
from html import escape

from matplotlib.figure import Figure

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.style import HALF, WIDE, narrow, style
from lightning_go4align.report.figures import ReportFigure
from lightning_go4align.report.svg import inline

_STILL = (plots.deltas, plots.convergence)  # of which the page's scripts draw no chart as wide as a phone
_KEYS = "Left and right arrows move along, up and down between lines or rows, plus and minus zoom, 0 shows all."


def figure_card(shown: ReportFigure, history: History) -> str:
    """Write a figure: the still picture, and room for the chart that the page's scripts put in its place.

    Args:
        shown: The figure.
        history: What it draws.

    Returns:
        HTML.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> from lightning_go4align.report.figures import figures
        >>> history = example_history()
        >>> 'data-figure="assignment"' in figure_card(figures(history)[0], history)
        True
    """
    with style("light"):
        figure = shown.draw(history)
    size = "wide" if figure.get_figwidth() == WIDE else "half" if figure.get_figwidth() == HALF else "third"
    title = escape(shown.title)
    seen = still(figure, shown.description)
    if shown.draw in _STILL:
        seen += still_on_phones(lambda: shown.draw(history), shown.description)
    return (
        f'<div class="card {size}" data-figure="{shown.draw.__name__}">\n<h3>{title}</h3>'
        f"<p>{escape(shown.caption)}</p>\n"
        f"{seen}\n"
        f'<div class="live" tabindex="0" role="group" aria-label="{title}. {_KEYS}"></div>'
        f'<output class="read"></output><div class="tools">{_button(title, "SVG")}{_button(title, "PNG")}</div>\n'
        "</div>"
    )


def still(figure: Figure, description: str, kind: str = "page") -> str:
    """Write a still picture with what it shows in words.

    Args:
        figure: The picture, drawn in the light style.
        description: What it shows.
        kind: Where it is shown.
    """
    label = escape(description)
    return f'<figure class="{kind}" role="img" tabindex="0" aria-label="{label}">{inline(figure)}</figure>'


def still_on_phones(draw: Callable[[], Figure], description: str) -> str:
    """Write a picture that stands in the place of the one before it where the screen is as narrow as a phone's.

    Args:
        draw: What draws it.
        description: What it shows.
    """
    with style("light"), narrow():
        return still(draw(), description, "phone")


def table_card(title: str, table: str, size: str = "wide") -> str:
    """Write a table under its heading, as wide as the page or half of it.

    Example:
        >>> "<h3>Tasks</h3><table></table>" in table_card("Tasks", "<table></table>")
        True
    """
    return f'<div class="card {size}">\n<h3>{escape(title)}</h3>{table}\n</div>'


def _button(title: str, kind: str) -> str:
    return f'<button type="button" aria-label="{title} as {kind}">{kind}</button>'
