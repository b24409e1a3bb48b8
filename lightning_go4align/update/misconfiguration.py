"""The exception for parts that do not fit together."""

import sys
from typing import Any, Self

from lightning.fabric.utilities import exceptions


class MisconfigurationException(exceptions.MisconfigurationException):
    """Lightning's exception of this name, and also that of the package ``pytorch_lightning`` where it is in use.

    Example:
        >>> isinstance(MisconfigurationException("no"), exceptions.MisconfigurationException)
        True
    """

    def __new__(cls, *args: Any) -> Self:
        others = sys.modules.get("lightning_fabric.utilities.exceptions")
        if others is None or issubclass(cls, others.MisconfigurationException):
            return super().__new__(cls, *args)
        kind = type(cls.__name__, (cls, others.MisconfigurationException), {"__module__": cls.__module__})
        return kind(*args)  # type: ignore[no-any-return]  # made at runtime

    def __reduce__(self) -> Any:
        return MisconfigurationException, self.args
