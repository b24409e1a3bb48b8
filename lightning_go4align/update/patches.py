"""Attributes of single instances that are put back."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any, Self


class StandIn(partial[Any]):
    """A function in the place of another one, which a copy of its owner gets back.

    Args:
        function: What is called.
        before: What stood there. Its signature is what others see.

    Example:
        >>> import pickle
        >>> deepcopy(StandIn(abs, len)) is len, pickle.loads(pickle.dumps(StandIn(abs, len))) is len
        (True, True)
    """

    before: Any

    def __new__(cls, function: Callable[..., Any], before: Any) -> Self:
        stand_in = super().__new__(cls, function)
        stand_in.before = before
        if callable(before):  # Lightning looks at the signature behind one decorator, and no further.
            stand_in.__wrapped__ = getattr(before, "__wrapped__", before)  # type: ignore[attr-defined]  # what it reads
        return stand_in

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy(self.before, memo)

    def __reduce__(self) -> Any:
        return _itself, (self.before,)


def _itself(before: Any) -> Any:
    return before


class AttributePatches:
    """Attributes of single instances that stand before others until they are undone.

    Example:
        >>> class Owner:
        ...     name = "class"
        >>> owner, patches = Owner(), AttributePatches()
        >>> patches.set(owner, "name", "instance")
        >>> owner.name
        'instance'
        >>> patches.undo()
        >>> owner.name
        'class'
    """

    def __init__(self) -> None:
        self._restore: list[Callable[[], None]] = []

    def set(self, owner: object, name: str, value: Any) -> None:
        """Let ``owner.name`` be ``value`` until it is undone, or someone else puts something there or takes it away.

        Args:
            owner: The instance. A copy of it has the attribute as it was.
            name: Its attribute.
            value: What stands there until ``undo``.
        """
        attributes = vars(owner)
        is_held, held = name in attributes, attributes.get(name)
        placed = StandIn(value, getattr(owner, name, None)) if callable(value) else value

        def put_back() -> None:
            if attributes.get(name) is placed and is_held:
                setattr(owner, name, held)
            elif attributes.get(name) is placed:
                delattr(owner, name)

        self.on_undo(put_back)
        setattr(owner, name, placed)

    def on_undo(self, function: Callable[[], None]) -> None:
        """Let a function be called by ``undo``.

        Args:
            function: What undoes something else.
        """
        self._restore.append(function)

    def undo(self) -> None:
        """Undo all, the last first."""
        while self._restore:
            self._restore.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()
