"""Names of tasks where there is little room for them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import takewhile
from unicodedata import east_asian_width

_WORD = re.compile(r"[\w.]+ ?= ?[^,;)]*|\d+\.\d+|[^\W_]+|[\W_]+")  # a setting, as `rate=0.1`, is one, and a number
_CHARACTER = 0.078  # inches: the mean width of a letter
_longest: ContextVar[int] = ContextVar("longest", default=22)


@contextmanager
def names_of(length: int) -> Iterator[None]:
    """Let names have at most so many characters where nothing else is said."""
    before = _longest.set(length)
    try:
        yield
    finally:
        _longest.reset(before)


def short(name: str, length: int | None = None) -> str:
    """Cut a long name in its middle, so that its beginning and its end stay; control characters are dropped."""
    name = "".join(filter(str.isprintable, name))  # for XML, and so SVG, holds no others
    length = length or _longest.get()
    return name if len(name) <= length else f"{name[: length // 2]}…{name[-(length // 2 - 1) :]}"


def shorten(names: Sequence[str], length: int | None = None) -> list[str]:
    """Cut long names so that they can still be told apart: whole words that all of them share go first.

    Args:
        names: Names that stand beside each other.
        length: Number of characters that there is room for; 22, or fewer on a phone, if not given.

    Example:
        >>> shorten(["gene_0007_expression", "gene_0017_expression"], 12)
        ['gene_0007…', 'gene_0017…']
        >>> shorten(["validation/loss/depth", "validation/loss/normal"], 12)
        ['…depth', '…normal']
        >>> shorten(["GO4Align (beta=0.1)", "GO4Align (beta=0.2)"], 12)
        ['…beta=0.1)', '…beta=0.2)']
    """
    length = length or _longest.get()
    plain = ["".join(filter(str.isprintable, name)) for name in names]
    first, last = _shared(plain)
    tail = [f"{name[: len(name) - last]}…" for name in plain] if last else plain
    head = [f"…{name[first:]}" for name in plain] if first else plain
    for fitting in (plain, tail, head):
        if all(len(name) <= length for name in fitting):
            return fitting
    before, after = "…" * bool(first), "…" * bool(last)
    inner = [short(name[first : len(name) - last], length - len(before + after)) for name in plain]
    return [f"{before}{name}{after}" for name in _told_apart(inner, plain)]


def _told_apart(shown: Sequence[str], names: Sequence[str]) -> list[str]:
    """Number what different names have been cut to alike."""
    same: dict[str, dict[str, int]] = {}
    for word, name in zip(shown, names, strict=True):
        same.setdefault(word, {}).setdefault(name, len(same[word]) + 1)
    return [
        f"{word[:-2]}~{same[word][name]}" if len(same[word]) > 1 else word
        for word, name in zip(shown, names, strict=True)
    ]


def margin(names: Sequence[str]) -> float:
    """Room that the longest name takes beside an axes, in inches."""
    return 0.2 + _CHARACTER * max((sum(map(_width, name)) for name in shorten(names)), default=0)


def _shared(names: Sequence[str]) -> tuple[int, int]:
    """Count the characters of the words with which all names begin and end; something is left of each."""
    if len(names) < 2:
        return 0, 0
    words = [_WORD.findall(name) for name in names]
    most = min(map(len, words)) - 1
    first = min(_alike(words), most)
    last = min(_alike([found[::-1] for found in words]), most - first)
    return sum(map(len, words[0][:first])), sum(map(len, words[0][len(words[0]) - last :]))


def _alike(words: Sequence[Sequence[str]]) -> int:
    return len(list(takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))))


def _width(character: str) -> int:
    return 2 if east_asian_width(character) in "WF" else 1
