"""Names of the classes that may stand at a place of a configuration."""

import importlib
import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import get_type_hints

import yaml

from lightning_go4align.config_files import SHIPPED


def known_classes(kinds: Iterable[str], key: str) -> list[str]:
    """Name the classes that a place may take by their names alone, and those of the package's configurations.

    Args:
        kinds: Classes of which one is asked for, by their paths.
        key: The place: ``model`` and ``data`` name the benchmarks' classes, too, by their paths.

    Example:
        >>> "FAMO" in known_classes(["torchjd.scalarization.Scalarizer"], "model.method")
        True
    """
    names = {cls.__name__ for kind in kinds for cls in _subclasses(imported(kind)) if _is_public(cls)}
    return sorted(names | {path for path in _of_benchmarks(key) if path.rpartition(".")[2] not in names})


def kinds_of(owner: str, argument: str) -> tuple[str, ...]:
    """Return the path of the class with which an argument is annotated; none if it is no class.

    Args:
        owner: The class that has the argument, by its path.
        argument: The argument.

    Example:
        >>> kinds_of("lightning_go4align.GroupedScalarizer", "method")
        ('torchjd.scalarization._scalarizer_base.Scalarizer',)
    """
    kind = annotation(owner, argument)
    return (f"{kind.__module__}.{kind.__qualname__}",) if inspect.isclass(kind) else ()


def annotation(owner: str, argument: str) -> object:
    """Return the annotation of a class's argument; None if there is none.

    Args:
        owner: The class that has the argument, by its path.
        argument: The argument.

    Example:
        >>> annotation("lightning_go4align.methods.SingleTask", "task")
        int | str
    """
    for cls in imported(owner).__mro__:
        make = vars(cls).get("__init__")
        if inspect.isfunction(make) and argument in inspect.signature(make).parameters:
            with suppress(NameError):  # of what its module imports for type checkers only
                return get_type_hints(make).get(argument)
            return None
    return None


def imported(path: str) -> type:
    """Return the class of a path; ``object`` if it is of none.

    Args:
        path: Module and name.

    Example:
        >>> imported("lightning_go4align.methods.SI"), imported("nowhere.SI")
        (<class 'lightning_go4align.methods.si.SI'>, <class 'object'>)
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None) if module else None
    except ImportError:
        return object
    return found if isinstance(found, type) else object


def _subclasses(cls: type) -> Iterator[type]:
    if cls is not object:  # of which everything is one
        children: list[type] = cls.__subclasses__()
        for child in children:
            yield child
            yield from _subclasses(child)


def _is_public(cls: type) -> bool:
    hidden = cls.__name__.startswith("_") or inspect.isabstract(cls)
    return not hidden and not cls.__module__.startswith(("lightning.pytorch.demos", "tests"))


def _of_benchmarks(key: str) -> Iterator[str]:
    if key in ("model", "data"):
        for path in SHIPPED.glob("*/base.yaml"):
            entry = yaml.safe_load(path.read_text(encoding="utf-8")).get(key) or {}
            if "class_path" in entry:
                yield entry["class_path"]
