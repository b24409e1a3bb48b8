"""Arguments that are annotated with a subscripted generic class, for which jsonargparse builds no other class.

It takes the annotation itself in the place of the class that is named: ``Weighting`` where a subclass of
``Weighting[PSDMatrix]`` is meant. If that one is not abstract, a run would train another class than it was told.
"""

import inspect
from collections.abc import Iterator
from typing import Any, Generic, get_args, get_origin

from typing_extensions import is_protocol

from lightning_go4align.cli.class_names import annotation, imported
from lightning_go4align.cli.mistake import UsageError


def check_generics(config: object, key: str = "", owner: str = "") -> None:
    """Refuse a class that would not be built where it is named.

    Args:
        config: A part of the parsed configuration.
        key: Where it stands.
        owner: The class, by its path, whose argument it is, or an item of it.

    Raises:
        UsageError: If its argument's annotation is a generic class with subscripts.
    """
    from jsonargparse import Namespace

    if isinstance(config, list):
        for item in config:
            check_generics(item, key, owner)
    if not isinstance(config, Namespace | dict):
        return
    named = config.get("class_path")
    if isinstance(named, str):
        refuse_generic(key, owner, named)
    arguments = config.get("init_args", {}) if isinstance(named, str) else config
    for name, value in dict(vars(arguments) if isinstance(arguments, Namespace) else arguments).items():
        check_generics(value, f"{key}.{name}".lstrip("."), named if isinstance(named, str) else "")


def refuse_generic(key: str, owner: str, named: str) -> None:
    """Refuse a class in the place of an argument that is annotated with a generic one.

    Args:
        key: Where it stands; the last word is the argument.
        owner: The class that has the argument, by its path.
        named: The class, by its path.

    Raises:
        UsageError: If the argument's annotation is a generic class with subscripts, and another one is named.

    Example:
        >>> owner, named = (f"torchjd.aggregation.{name}" for name in ("GramianWeightedAggregator", "MGDAWeighting"))
        >>> try:
        ...     refuse_generic("method.gramian_weighting", owner, named)
        ... except UsageError as error:
        ...     print(error.lines[0])
        `method.gramian_weighting` is MGDAWeighting, but ... annotates it with Weighting[...], a generic class, ...
    """
    kind = imported(named)
    parts = list(_parts(annotation(owner, key.rpartition(".")[2])))
    generic = next((part for part in parts if _stands_for(part, kind)), None)
    if generic is None or any(inspect.isclass(part) and issubclass(kind, part) for part in parts):
        return
    base = get_origin(generic).__name__
    subscripts = ", ".join(getattr(part, "__name__", str(part)) for part in get_args(generic))
    raise UsageError(
        f"`{key}` is {kind.__name__}, but {owner.rpartition('.')[2]} annotates it with {base}[{subscripts}], a "
        f"generic class, in whose place jsonargparse builds {base} itself.",
        f"Annotate it with {base} alone; if it is not yours, name a class that builds {kind.__name__} in its own "
        "`__init__`, as torchjd.aggregation.UPGrad builds UPGradWeighting.",
    )


def _parts(annotated: Any) -> Iterator[Any]:
    """The classes of which a value, or an item of it, may be one; generic ones with their subscripts."""
    if inspect.isclass(annotated) or _is_generic(annotated):
        yield annotated
    elif get_origin(annotated) is not type:
        for part in get_args(annotated):
            yield from _parts(part)


def _is_generic(annotated: object) -> bool:
    origin = get_origin(annotated)
    return inspect.isclass(origin) and issubclass(origin, Generic)


def _stands_for(part: Any, kind: type) -> bool:
    """Whether the class behind a generic annotation would be built in the place of one of its children."""
    base = get_origin(part)
    return _is_generic(part) and base is not kind and not is_protocol(base) and issubclass(kind, base)
