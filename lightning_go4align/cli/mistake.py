"""What a user can mend, in at most three lines."""

import re

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
