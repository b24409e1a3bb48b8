"""A method's arguments in words, for its ``repr``."""

from collections.abc import Callable
from typing import Any

from torch import nn

SIMPLE = (bool, int, float, str, list, tuple, type(None))


def describe(part: Callable[..., Any]) -> str:
    """Name a clustering, or what it consists of, with its settings: the same words in every process.

    Args:
        part: A function, or an object that is called like one.

    Returns:
        Its name; for an object with those of its attributes that are numbers, words, lists, or callable themselves.

    Example:
        >>> from lightning_go4align.clustering import FixedGroups, kmeans_1d
        >>> describe(kmeans_1d), describe(FixedGroups([0, 1]))
        ('kmeans_1d', 'FixedGroups(groups=[0, 1], weights=ranked)')
    """
    if isinstance(part, nn.Module):
        return repr(part)
    if hasattr(part, "__name__"):
        return str(part.__name__)
    settings = [
        f"{name}={describe(value) if callable(value) else repr(value)}"
        for name, value in getattr(part, "__dict__", {}).items()
        if callable(value) or isinstance(value, SIMPLE)
    ]
    return f"{type(part).__name__}({', '.join(settings)})"


def describe_other(part: Callable[..., Any], usual: Callable[..., Any]) -> str:
    """Word a clustering as a last argument, where it is not the usual one.

    Args:
        part: The clustering.
        usual: The one that goes without saying.

    Returns:
        The argument with a comma before it, or nothing.

    Example:
        >>> describe_other(min, usual=max), describe_other(max, usual=max)
        (', clustering=min', '')
    """
    return "" if part is usual else f", clustering={describe(part)}"
