"""Damaged copies of a callback's state: every kind of damage at every place where it can happen."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor

Path = tuple[Any, ...]


class Damaged(NamedTuple):
    """A damaged state.

    Args:
        what: What was done to it, for the reader of a failure.
        state: The state.
        place: A name that an error must tell; empty where none is to be found.
        path: Where it was done; empty for the whole.
    """

    what: str
    state: Any
    place: str = ""
    path: Path = ()


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place of a state, with what stands there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        yield (*path, key), item
        yield from places(item, (*path, key))


def changed(state: Any, path: Path, change: Callable[[Any, Any], Any]) -> Any:
    """A copy in which the container of a place was changed; tuples on the way become lists."""
    if not path[:-1]:
        copy = deepcopy(state)
        return change(copy, path[-1]) or copy
    key = path[0]
    copy = list(state) if isinstance(state, tuple) else dict(state) if isinstance(state, dict) else list(state)
    copy[key] = changed(state[key], path[1:], change)
    return tuple(copy) if isinstance(state, tuple) else copy


def replaced(state: Any, path: Path, value: Any) -> Any:
    def put(container: Any, key: Any) -> Any:
        if isinstance(container, tuple):
            return tuple(value if i == key else item for i, item in enumerate(container))
        container[key] = value
        return None

    return changed(state, path, put)


def name_of(path: Path) -> str:
    """The last part of a path that has a name."""
    return str([part for part in path if isinstance(part, str)][-1])


def missing(state: dict[str, Any]) -> Iterator[Damaged]:
    """Each field left out, each entry of each list dropped."""

    def drop(container: Any, key: Any) -> Any:
        if isinstance(container, tuple):
            return container[:key] + container[key + 1 :]
        del container[key]
        return None

    for path, _ in places(state):
        yield Damaged(f"without {path}", changed(state, path, drop), name_of(path), path)


def others_in_their_place(state: dict[str, Any]) -> Iterator[Damaged]:
    """Each field of another type."""
    for path, value in places(state):
        others: tuple[Any, ...] = (None, "junk", [], *([True] if isinstance(value, int) else []))
        for other in others:
            if type(other) is not type(value):
                yield Damaged(f"{type(other).__name__} at {path}", replaced(state, path, other), name_of(path), path)


def tensors(state: dict[str, Any]) -> Iterator[Damaged]:
    """Each tensor truncated, longer, of another shape, of another dtype, with NaN."""
    for path, value in places(state):
        if not isinstance(value, Tensor):
            continue
        wrong = {
            "longer": torch.cat([value.reshape(-1), value.reshape(-1)]),
            "in a row": value[None],
            "of another dtype": value.to(torch.float16 if value.is_floating_point() else torch.float32),
        }
        if value.dim():
            wrong |= {"truncated": value[:-1], "empty": value[:0]}
        if value.is_floating_point():
            wrong["with NaN"] = torch.full_like(value, torch.nan)
        for what, tensor in wrong.items():
            yield Damaged(f"{what}: {path}", replaced(state, path, tensor), name_of(path), path)


def additions(state: dict[str, Any]) -> Iterator[Damaged]:
    """Something more in each dictionary and list."""
    for path, value in [((), state), *places(state)]:
        if isinstance(value, dict):
            more: Any = {**value, "stranger": 1}
        elif isinstance(value, list):
            more = [*value, 1]
        else:
            continue
        whole = replaced(state, path, more) if path else more
        yield Damaged(f"one more in {path}", whole, "stranger" if isinstance(value, dict) else name_of(path), path)


def wholes(state: dict[str, Any]) -> Iterator[Damaged]:
    """The state itself is something else, or of a version that it cannot be."""
    others: tuple[Any, ...] = ({}, [], (), None, "state", 3, [state], list(state), torch.zeros(3))
    for whole in others:
        yield Damaged(f"a {type(whole).__name__} in place of the state", whole)
    for version in (-1, 0, 2, 99, "1", 1.0, True, None, [1]):
        yield Damaged(f"version {version!r}", {**state, "version": version}, "version")
    for seal in ("version", "layout"):
        yield Damaged(f"only {seal}", {seal: state[seal]})


KINDS: dict[str, Callable[[dict[str, Any]], Iterator[Damaged]]] = {
    "fields missing": missing,
    "fields of other types": others_in_their_place,
    "tensors": tensors,
    "additions": additions,
    "wholes and versions": wholes,
}
