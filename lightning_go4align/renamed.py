"""Former names of what is public: each works for one release more, with a warning that says the new one."""

import pkgutil
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def former_names(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package some of whose names have changed.

    The package assigns it behind ``if not TYPE_CHECKING``: a type checker refuses former names like wrong ones.

    Args:
        package: The package's ``__name__``.
        names: Where each former name is now, as ``package:Name``. Imported when it is asked for.

    Returns:
        The function. It warns with a ``FutureWarning``, and raises an ``AttributeError`` for any other name.

    Example:
        >>> look_up = former_names("shapes", {"Square": "collections:Counter"})
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = look_up("Square")
        >>> print(caught[0].message)
        `shapes.Square` is called `collections.Counter` now; the former name goes with the next release.
    """

    def look_up(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        warn_of_former_name(f"{package}.{name}", names[name].replace(":", "."))
        return pkgutil.resolve_name(names[name])

    return look_up


def warn_of_former_name(former: str, present: str, stacklevel: int = 3) -> None:
    """Warn that a name has changed.

    Args:
        former: The name that was used.
        present: The name to use.
        stacklevel: Whose line the warning shows: by default that of the caller's caller.
    """
    warnings.warn(
        f"`{former}` is called `{present}` now; the former name goes with the next release.",
        FutureWarning,
        stacklevel=stacklevel,
    )
