"""What a module keeps in plain Python attributes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CONTAINERS = (list, dict, set, deque)
OF_TORCH = vars(nn.Module()).keys()


@contextmanager
def attributes_kept(module: nn.Module) -> Iterator[None]:
    """Put the plain attributes of a module and its parts back afterwards.

    Numbers, words, tensors, arrays and metrics' states get their values back; lists, dictionaries, sets and deques,
    nested ones too, their contents. Tensors within them, and objects of other classes, are not looked into.

    Args:
        module: The module.

    Yields:
        Nothing.

    Example:
        >>> module = nn.Linear(1, 1)
        >>> module.seen, module.outputs = 3, []
        >>> with attributes_kept(nn.ModuleList([module])):
        ...     pass
    """
    parts = [part for part in module.modules() if not type(part).__module__.startswith("torch.")]
    attributes = [_own(part) for part in parts]
    known: set[int] = set()
    restore = [back for own in attributes for back in _contents(own.values(), known)]
    try:
        yield
    finally:
        for put_back in restore:
            put_back()
        for part, own in zip(parts, attributes, strict=True):
            _set(part, own)


def _own(module: nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name not in OF_TORCH}


def _set(module: nn.Module, attributes: dict[str, Any]) -> None:
    now = vars(module)
    for name in _own(module).keys() - attributes.keys():
        del now[name]
    for name, value in attributes.items():
        if now.get(name, module) is not value:
            now[name] = value


def _contents(values: Iterable[Any], known: set[int]) -> Iterator[Callable[[], None]]:
    for value in values:
        if isinstance(value, Tensor | np.ndarray):
            yield from _numbers(value)
        elif isinstance(value, CONTAINERS) and id(value) not in known:
            known.add(id(value))
            yield from _elements(value, known)


def _numbers(values: Any) -> Iterator[Callable[[], None]]:
    if isinstance(values, np.ndarray):
        array = values.copy()
        yield lambda: np.copyto(values, array)
    elif not values.requires_grad and not values.is_inference():
        before, version = values.clone(), values._version

        def put_back() -> None:
            if values._version != version:
                with torch.no_grad():
                    values.copy_(before)

        yield put_back


def _elements(container: Any, known: set[int]) -> Iterator[Callable[[], None]]:
    before = container.copy()
    inner = before.values() if isinstance(before, dict) else before
    if any(issubclass(kind, CONTAINERS) for kind in set(map(type, inner))):
        yield from _contents([value for value in inner if isinstance(value, CONTAINERS)], known)

    def put_back() -> None:
        container.clear()
        if isinstance(container, dict | set):
            container.update(before)
        else:
            container.extend(before)

    yield put_back
