"""Packages whose names are imported when they are first asked for: what needs one of them waits for no other."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def on_demand(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    The package imports the same names behind ``if TYPE_CHECKING``, for type checkers and editors.

    Args:
        package: The package's ``__name__``.
        homes: The names that each module has, ``.inner`` being one of the package's own.

    Returns:
        The function. It raises an ``AttributeError`` for any other name.

    Example:
        >>> look_up = on_demand("collections", {".abc": ["Mapping"]})
        >>> look_up("Mapping").__name__
        'Mapping'
    """
    found = {name: home for home, names in homes.items() for name in names}

    def look_up(name: str) -> Any:
        if name not in found:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(found[name], package), name)

    return look_up
