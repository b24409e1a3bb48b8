"""The visual language: two style sheets, and three widths."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lightning_go4align.plots.names import names_of
from lightning_go4align.plots.notebook import Picture

# Inches. The widest fills a page of A4 between its margins, so that a printed picture keeps its size of text.
WIDE, HALF, THIRD = 7.3, 5.55, 3.5
ROW = 0.19  # inches: a line of text and its leading

_style: ContextVar[Literal["light", "dark"]] = ContextVar("style", default="light")
_widest: ContextVar[float] = ContextVar("widest", default=WIDE)
_Arguments = ParamSpec("_Arguments")


@contextmanager
def style(name: Literal["light", "dark"]) -> Iterator[None]:
    """Draw in one of the two style sheets; pictures outside are light.

    Args:
        name: ``"light"`` or ``"dark"``.

    Example:
        >>> with style("dark"):
        ...     colour("ink")
        '#eceef3'
    """
    before = _style.set(name)
    try:
        with matplotlib.style.context(_sheet(name)):
            yield
    finally:
        _style.reset(before)


@contextmanager
def narrow() -> Iterator[None]:
    """Draw for a phone: as wide as a third of the report, and with names of at most 14 letters.

    Example:
        >>> with narrow():
        ...     float(canvas(WIDE, 1)[0].get_figwidth())
        3.5
    """
    before = _widest.set(THIRD)
    try:
        with names_of(14):
            yield
    finally:
        _widest.reset(before)


def picture(draw: Callable[_Arguments, Figure]) -> Callable[_Arguments, Figure]:
    """Let a function draw in the current style sheet, whatever the user's own settings are."""

    @wraps(draw)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Figure:
        with style(_style.get()):
            return draw(*args, **kwargs)

    return drawn


def colour(role: str) -> str:
    """Look up a colour of the current style sheet: accent, quiet, worse, better, ink, muted, line or paper."""
    return palette(_style.get())[role]


@cache
def palette(name: Literal["light", "dark"]) -> dict[str, str]:
    """List the colours of a style sheet by their roles."""
    sheet = _sheet(name)
    cycle = sheet["axes.prop_cycle"].by_key()["color"]
    keys = {"ink": "text.color", "muted": "xtick.color", "line": "grid.color", "paper": "axes.facecolor"}
    named = {role: sheet[key] for role, key in keys.items()}
    accents = dict(zip(("accent", "quiet", "worse", "better"), cycle, strict=True))
    return {
        role: to_hex(value if str(value).startswith("#") else f"#{value}")
        for role, value in (named | accents).items()
    }


@cache
def _sheet(name: str) -> dict[str, Any]:
    path = Path(__file__).with_name(f"{name}.mplstyle")
    return dict(mpl.rc_params_from_file(path, use_default_template=False).items())


def canvas(
    width: float, height: float, left: float = 0.5, right: float = 0.25, top: float = 0.1, bottom: float = 0.28
) -> tuple[Picture, Axes]:
    """Make a figure of one axes with margins in inches: no layout engine, so that a picture takes milliseconds."""
    width = min(width, _widest.get())
    figure = Picture(figsize=(width, height))
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    return figure, figure.add_axes(box)


def minus(number: str) -> str:
    """Write the sign of a number as wide as a plus, and an exponent without a leading 0.

    Example:
        >>> minus("-0.2%"), minus("1e-09×")
        ('−0.2%', '1e−9×')
    """
    return re.sub(r"(?<=\de)([+-])0*(?=\d)", r"\1", number).replace("-", "−")


def count_axis(axes: Axes, label: str, largest: float) -> None:
    """Put steps or epochs on the x axis, named at its right end."""
    wide = axes.get_window_extent().width > 400
    axes.xaxis.set_major_locator(MaxNLocator(8 if wide else 4, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _count(x)))
    axes.annotate(label, (1, 0), (20, -5), "axes fraction", "offset points", va="top", color=colour("muted"))
    axes.set_xlim(right=largest)


def _count(x: float) -> str:
    if abs(x) >= 1e6:
        return f"{x / 1e6:g}M"
    return f"{x:,.0f}".replace(",", "\u2009") if abs(x) >= 1e4 else f"{x:g}"
