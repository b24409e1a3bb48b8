"""The cards of a page: a figure or a table, with its heading and its buttons."""

from html import escape

from lightning_go4align.history import History
from lightning_go4align.plots.style import HALF, WIDE, style
from lightning_go4align.report.figures import ReportFigure
from lightning_go4align.report.svg import inline

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
    return (
        f'<div class="card {size}" data-figure="{shown.draw.__name__}">\n<h3>{title}</h3>'
        f"<p>{escape(shown.caption)}</p>\n"
        f'<figure role="img" tabindex="0" aria-label="{escape(shown.description)}">{inline(figure)}</figure>\n'
        f'<div class="live" tabindex="0" role="group" aria-label="{title}. {_KEYS}"></div>'
        f'<output class="read"></output><div class="tools">{_button(title, "SVG")}{_button(title, "PNG")}</div>\n'
        "</div>"
    )


def table_card(title: str, table: str, size: str = "wide") -> str:
    """Write a table under its heading, as wide as the page or half of it.

    Example:
        >>> "<h3>Tasks</h3><table></table>" in table_card("Tasks", "<table></table>")
        True
    """
    return f'<div class="card {size}">\n<h3>{escape(title)}</h3>{table}\n</div>'


def _button(title: str, kind: str) -> str:
    return f'<button type="button" aria-label="{title} as {kind}">{kind}</button>'
