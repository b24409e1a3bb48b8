"""Letters that matplotlib's own font lacks: emoji, Chinese, Hebrew and so on, from the fonts that are installed."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, findfont, fontManager, get_font
from matplotlib.text import Text

# Boxes of matplotlib's own, and bitmaps, which it cannot draw.
_USELESS = ("Last Resort", "Color Emoji")
_TOLD = set[str]()


@contextmanager
def lettered(figure: Figure) -> Iterator[None]:
    """Let the words of a figure have letters of other fonts where their own lacks them; say once which no font has.

    Args:
        figure: The figure, about to be drawn.

    Example:
        >>> with lettered(Figure()):
        ...     pass
    """
    missing = set[str]()
    for text in figure.findobj(Text):
        missing |= _complete(text)
    with warnings.catch_warnings():
        if missing - _TOLD:
            _tell(missing - _TOLD)
        if missing:
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # has been told with what to do
        yield


def _complete(text: Text) -> set[str]:
    """Give a text further families for letters that its own lacks, and return the letters that none has."""
    words = text.get_text()
    if words.isascii():
        return set()
    own = findfont(text.get_fontproperties())
    lacking = sorted(letter for letter in set(words) if letter.isprintable() and not _has(own, letter))
    others = {letter: _family_with(letter) for letter in lacking}
    families = [family for family in others.values() if family]
    if families:
        text.set_fontfamily(list(dict.fromkeys([*text.get_fontfamily(), *families])))
    return {letter for letter, family in others.items() if not family}


def _has(font: str, letter: str) -> bool:
    return get_font(font).get_char_index(ord(letter)) > 0


@cache
def _family_with(letter: str) -> str:
    """Find the family of an installed font, a plain upright one if there is; none if no font has the letter."""
    for entry in sorted(_first_faces(fontManager.ttflist), key=_plainness):
        if _has(entry.fname, letter):
            return entry.name
    return ""


def _first_faces(entries: Iterable[FontEntry]) -> Iterator[FontEntry]:
    # Of a collection `get_font` opens the first face, whose name leads there again.
    firsts = (entry for entry in entries if not getattr(entry, "index", 0))
    return (entry for entry in firsts if not any(useless in entry.name for useless in _USELESS))


def _plainness(entry: FontEntry) -> tuple[bool, bool, bool, str]:
    bold = entry.weight not in (400, "normal", "regular")
    return entry.style != "normal", bold, "Sans" not in entry.name, entry.name


def _tell(letters: set[str]) -> None:
    _TOLD.update(letters)
    warnings.warn(
        f"No installed font has the letters {''.join(sorted(letters))!r}: pictures show boxes in their place (the "
        "page of a report does not, a browser draws it). Install one that has them, such as Noto Sans CJK for "
        "Chinese, Japanese and Korean or Symbola for emoji, and delete `fontlist-*.json` in "
        "`matplotlib.get_cachedir()`.",
        stacklevel=2,
    )
