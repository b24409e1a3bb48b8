"""What a user can mend, in at most three lines."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_LONGEST = 500  # characters of a line; what is longer is a listing


class UsageError(Exception):
    """A mistake on the command line.

    Args:
        lines: At most three: what was asked and found, and how to mend it.

    Example:
        >>> UsageError("There is no `x`.", "Name another.").lines
        ['There is no `x`.', 'Name another.']
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.lines = [line for line in lines if line]


def in_lines(text: str) -> list[str]:
    """Break a text of any length into at most three lines, at the ends of its sentences.

    Args:
        text: What an error says.

    Returns:
        The lines, without line breaks of their own.

    Example:
        >>> in_lines("`num_groups` is 9. Lower it.")
        ['`num_groups` is 9.', 'Lower it.']
    """
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z`'(])", " ".join(text.split()))
    lines = [*sentences[:2], " ".join(sentences[2:])]
    return [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..." for line in lines if line]


def nearest(word: str, names: Iterable[str], number: int = 3) -> list[str]:
    """Find the names that somebody who wrote another one may have meant.

    Args:
        word: What was written.
        names: What there is.
        number: The most to find.

    Returns:
        Names, the nearest first; none if none is near.

    Example:
        >>> nearest("famo", ["FAMO", "DWA"]), nearest("trainer.epochs", ["trainer.max_epochs", "data"])
        (['FAMO'], ['trainer.max_epochs'])
        >>> nearest("lr", ["learning_rate", "width"])
        ['learning_rate']
    """
    scores = {name: _likeness(word, name) for name in names}
    return [name for name in by_likeness(word, scores) if scores[name] >= 0.6][:number]


def by_likeness(word: str, names: Iterable[str]) -> list[str]:
    """Sort names by how near they are to a word, the nearest first.

    Example:
        >>> by_likeness("famo", ["DWA", "FAMO"])
        ['FAMO', 'DWA']
    """
    return sorted(names, key=lambda name: (-_likeness(word, name), name))


def meant(near: list[str]) -> str:
    """Ask whether one of the nearest names was meant; nothing if there is none.

    Example:
        >>> meant(["fit", "test"]), meant([])
        ('Did you mean fit or test?', '')
    """
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _likeness(word: str, name: str) -> float:
    wholes, ends = _ratio(word, name), _ratio(word.rpartition(".")[2], name.rpartition(".")[2])
    initials = "".join(part[:1] for part in name.rpartition(".")[2].split("_"))
    same_initials = 0.8 if len(initials) > 1 and initials == word.rpartition(".")[2] else 0.0
    return max(wholes, 0.95 * ends, same_initials)


def _ratio(one: str, other: str) -> float:
    one, other = (re.sub(r"[-_ ]", "", text).lower() for text in (one, other))
    return SequenceMatcher(None, one, other).ratio()
