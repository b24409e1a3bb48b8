"""Which name somebody meant who wrote another one."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher


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


def nearest_key(key: str, keys: Iterable[str]) -> list[str]:
    """Find the key that somebody meant; since beginnings say little, both sides of the slash have to be near.

    Args:
        key: What was written, as ``loss/depht``.
        keys: What there is.

    Returns:
        At most one key.

    Example:
        >>> nearest_key("loss/depht", ["loss/normal", "loss/depth"]), nearest_key("loss/total", ["loss/depth"])
        (['loss/depth'], [])
    """
    first, _, rest = key.partition("/")
    known = [other.partition("/") for other in keys]
    firsts = nearest(first, {parts[0] for parts in known}, 1)
    rests = nearest(rest, {parts[2] for parts in known if parts[0] in firsts}, 1)
    return ["".join(parts) for parts in known if parts[0] in firsts and parts[2] in rests]


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
