"""Attributes of single instances that are put back."""

import inspect
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self


class StandIn:
    """A function in the place of another one, which a copy of its owner gets back.

    Args:
        function: What is called.
        before: What stood there. Its signature is what others see.

    Example:
        >>> deepcopy(StandIn(abs, len)) is len
        True
    """

    def __init__(self, function: Callable[..., Any], before: Any) -> None:
        self._function, self._before = function, before
        if callable(before):
            self.__wrapped__ = inspect.unwrap(before)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self._before, memo)

    def __reduce__(self) -> Any:
        return _itself, (self._before,)


def _itself(before: Any) -> Any:
    return before


class Shadows:
    """Attributes that stand before others on single instances, until they are lifted.

    Example:
        >>> class Owner:
        ...     name = "class"
        >>> owner, shadows = Owner(), Shadows()
        >>> shadows.cast(owner, "name", "instance")
        >>> owner.name
        'instance'
        >>> shadows.lift()
        >>> owner.name
        'class'
    """

    def __init__(self) -> None:
        self._restore: list[Callable[[], None]] = []

    def cast(self, owner: object, name: str, value: Any) -> None:
        """Let ``owner.name`` be ``value``.

        Args:
            owner: The instance. A copy of it has the attribute as it was.
            name: Its attribute.
            value: What stands there until ``lift``.
        """
        attributes = vars(owner)
        if name in attributes:
            before = attributes[name]
            self._restore.append(lambda: setattr(owner, name, before))
        else:
            self._restore.append(lambda: delattr(owner, name))
        setattr(owner, name, StandIn(value, getattr(owner, name, None)) if callable(value) else value)

    def lift(self) -> None:
        """Undo all, the last first."""
        while self._restore:
            self._restore.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lift()
