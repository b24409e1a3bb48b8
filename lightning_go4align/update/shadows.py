"""Attributes of single instances that are put back."""

from collections.abc import Callable
from typing import Any, Self


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
            owner: The instance.
            name: Its attribute.
            value: What stands there until ``lift``.
        """
        attributes = vars(owner)
        if name in attributes:
            before = attributes[name]
            self._restore.append(lambda: setattr(owner, name, before))
        else:
            self._restore.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def lift(self) -> None:
        """Undo all, the last first."""
        while self._restore:
            self._restore.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lift()
