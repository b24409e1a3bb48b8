"""What every page of ours shares: its frame, its style, its scripts. All of it is in the one file."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from lightning_go4align.plots.style import palette

_OWN = ("rows", "numbers", "charts", "draw", "page")
_SCRIPTS = ("vendor/uPlot.iife.min.js", *(f"assets/{name}.js" for name in _OWN))
_SEARCH = ("assets/rows.js", "assets/compare.js")


def shell(title: str, body: str, data: str = "", searches: bool = False) -> str:
    """Put a body into a page that needs nothing else, not even a network.

    Args:
        title: Of the page, in plain text.
        body: HTML.
        data: What ``payload.packed`` made for the scripts; without it the page draws nothing.
        searches: Whether a page without data has a search over the rows of its tables.

    Returns:
        HTML.

    Example:
        >>> "<script" in shell("a & b", "<h1>a</h1>")
        False
    """
    # A copy of uPlot has to bear its licence, which its minified file does not.
    scripts = [f"/*\n{_asset('vendor/uPlot.LICENSE')}*/", *map(_asset, _SCRIPTS)] if data else []
    scripts += map(_asset, _SEARCH) if searches and not data else []
    store = f'<script type="application/octet-stream" id="numbers">{data}</script>' if data else ""
    return Template(_asset("assets/page.html")).substitute(
        title=escape(title),
        light=_variables("light"),
        dark=_variables("dark"),
        style=_asset("assets/page.css") + (_asset("vendor/uPlot.min.css") if data else ""),
        body=body,
        scripts=store + "".join(f"<script>{script}</script>\n" for script in scripts),
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Write names and values in a line; those without a value are left out.

    Example:
        >>> facts([("steps", "60"), ("epochs", "")])
        'steps <b>60</b>'
    """
    return " · ".join(f"{escape(name)} <b>{escape(value)}</b>" for name, value in pairs if value)


def search(label: str, more: str = "") -> str:
    """Write the field in which readers look for names.

    Args:
        label: What is looked for.
        more: HTML of what stands beside it.
    """
    return (
        f'<form role="search"><label for="search">{escape(label)}</label><input id="search" type="search" '
        f'placeholder="name, name" autocomplete="off"><span id="found" role="status"></span>{more}</form>'
    )


def _asset(name: str) -> str:
    return files("lightning_go4align.report").joinpath(name).read_text(encoding="utf-8")


def _variables(name: str) -> str:
    colours = palette("dark" if name == "dark" else "light")
    return "".join(f"--{role}:{colour};" for role, colour in colours.items())
