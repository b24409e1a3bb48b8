"""Numbers and times as people say them, and what several commands say."""

from collections.abc import Sequence

DEBUG = "Run the command again with --debug for the traceback."


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    Args:
        number: How many, at least 0.
        noun: Of what, for one of them; its plural ends in s.

    Example:
        >>> counted(1, "run"), counted(4000, "run")
        ('1 run', '4,000 runs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def first_of(names: Sequence[str], most: int, between: str = ", ") -> str:
    """List names, of many the first, and how many more there are.

    Args:
        names: The names.
        most: The most to list.
        between: What stands between two of them.

    Example:
        >>> first_of(["depth", "normal"], 2), first_of(["a", "b", "c"], 2, " + ")
        ('depth, normal', 'a + b and 1 more')
    """
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + rest


def duration(seconds: float) -> str:
    """Write a time.

    Args:
        seconds: The time, at least 0.

    Example:
        >>> duration(59), duration(3725), duration(200000)
        ('59 s', '1 h 2 min', '2 d 7 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"
