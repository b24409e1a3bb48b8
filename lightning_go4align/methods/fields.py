"""A method's settings as fields that a checkpoint can hold, to tell it from another method."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lightning_go4align.methods.former import present_names

_NOTHING = object()
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def method_fields(part: Any) -> Any:
    """Describe a method, or what it consists of, by its class, its arguments and the sizes of what it learns.

    An argument of the constructor is looked up under its name, or this with an underscore before it. Devices are left
    out: a checkpoint may be resumed on another.

    Args:
        part: A method, a clustering, or the value of an argument.

    Returns:
        A dictionary for an object or function, and a plain value for what is one: types that
        ``torch.load(weights_only=True)`` reads, equal in every process that makes the same method.

    Example:
        >>> from torchjd.scalarization import DWA
        >>> method_fields(DWA(temperature=2.0))
        {'class': 'torchjd.scalarization.DWA', 'temperature': 2.0}
    """
    if isinstance(part, Tensor | np.ndarray | np.generic):
        return part.tolist()
    for kind in (bool, int, float, str):
        if isinstance(part, kind):
            return kind(part)
    if part is None or isinstance(part, torch.device):
        return None
    if isinstance(part, list | tuple):
        return [method_fields(item) for item in part]
    if isinstance(part, Mapping):
        return {str(name): method_fields(item) for name, item in part.items()}
    return _object_fields(part)


def _object_fields(part: Any) -> dict[str, Any]:
    if isinstance(part, type) or inspect.isroutine(part):
        return {"function": _path(part)}
    if isinstance(part, partial):
        return {**method_fields(part.func), "given": method_fields([*part.args, part.keywords])}
    fields = {"class": _path(type(part)), **_arguments(part)}
    sizes = {name: list(learned.shape) for name, learned in getattr(part, "_parameters", {}).items()}
    return {**fields, "sizes": sizes} if sizes else fields


def _path(part: Any) -> str:
    """The shortest path that a class or function can be imported by: files within a package come and go."""
    name, module = getattr(part, "__qualname__", type(part).__qualname__), getattr(part, "__module__", None) or ""
    parts = module.split(".")
    prefixes = (".".join(parts[: i + 1]) for i in range(len(parts)))
    public = (prefix for prefix in prefixes if getattr(sys.modules.get(prefix), name, None) is part)
    return f"{next(public, module)}.{name}"


def _arguments(part: Any) -> dict[str, Any]:
    names = list(_names_of_arguments(type(part)))
    values = {name: getattr(part, name, getattr(part, f"_{name}", _NOTHING)) for name in names}
    if isinstance(part, nn.Module) and any(value is _NOTHING for value in values.values()):
        values |= dict(part.named_children())  # What the argument was made into is among the parts.
    return {
        name: method_fields(value)
        for name, value in values.items()
        if value is not _NOTHING and not inspect.ismethod(value)
    }


def _names_of_arguments(kind: type) -> Iterator[str]:
    """Name the arguments of a class, and of the class below as long as others are passed on to it."""
    for ancestor in kind.__mro__:
        if not inspect.isfunction(vars(ancestor).get("__init__")) or ancestor is nn.Module:
            continue
        own = list(inspect.signature(ancestor.__init__).parameters.values())[1:]  # type: ignore[misc]  # its class's own
        yield from (parameter.name for parameter in own if parameter.kind not in _ANY)
        if not any(parameter.kind in _ANY for parameter in own):
            return


def differing_fields(saved: Any, found: Any, name: str = "method") -> list[str]:
    """Say in which fields two descriptions differ.

    Arguments of one class that only one of them has are those of another version of it, and do not count.

    Args:
        saved: What ``method_fields`` returned when the checkpoint was saved.
        found: What it returns now.
        name: What the description is of.

    Returns:
        A phrase for each difference; none if there is none.

    Example:
        >>> differing_fields({"class": "a.B", "beta": 1.0}, {"class": "a.B", "beta": 2.0})
        ['`beta` was 1.0 and is 2.0']
    """
    if not (isinstance(saved, dict) and isinstance(found, dict) and _are_alike(_kind(saved), _kind(found))):
        return [] if saved == found else [f"`{name}` was {in_words(saved)} and is {in_words(found)}"]
    if "class" in saved:
        names = [key for key in saved if key in found and key != "class"]
    else:
        names = [key for key in {**saved, **found} if key != "function"]
    return [phrase for key in names for phrase in differing_fields(saved.get(key), found.get(key), key)]


def _kind(fields: dict[str, Any]) -> str:
    """The path of the class or function; empty for a plain dictionary."""
    return str(fields.get("class", fields.get("function", "")))


def _are_alike(one: str, other: str) -> bool:
    """Compare paths; a script's own classes go by another path where it is imported."""
    one, other = present_names(one), present_names(other)
    script = any(path.startswith("__main__.") for path in (one, other))
    return _name(one) == _name(other) if script else one == other


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def in_words(fields: Any) -> str:
    """Write a description as the call that makes what it describes.

    Args:
        fields: What ``method_fields`` returned.

    Returns:
        The call.

    Example:
        >>> in_words({"class": "torchjd.scalarization.DWA", "temperature": 2.0})
        'DWA(temperature=2.0)'
    """
    if isinstance(fields, list):
        return f"[{', '.join(map(in_words, fields))}]"
    if not isinstance(fields, dict) or not _kind(fields):
        return repr(fields)
    if "function" in fields:
        return _name(_kind(fields))
    given = (f"{name}={in_words(value)}" for name, value in fields.items() if name not in ("class", "sizes"))
    return f"{_name(_kind(fields))}({', '.join(given)})"
