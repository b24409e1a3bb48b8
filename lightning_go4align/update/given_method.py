"""Which kind of object is meant where a method is to be given."""

import inspect
from difflib import get_close_matches
from typing import Literal

from torchjd import aggregation, scalarization
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align import methods
from lightning_go4align.methods.kinds import check_uncompiled

Optimization = Literal["manual", "automatic"]


def check_method(method: object) -> None:
    """Refuse what is no method, and say what to write in its place.

    Args:
        method: What was given.

    Raises:
        TypeError: If it is neither a scalarizer nor an aggregator: the class of one, its name, what
            ``torch.compile`` makes of one, or anything else.

    Example:
        >>> check_method(methods.GO4Align)
        Traceback (most recent call last):
        ...
        TypeError: `method` is the class GO4Align: pass an instance: GO4Align(num_groups=2).
    """
    if isinstance(method, Scalarizer | Aggregator):
        return
    if isinstance(method, type) and issubclass(method, Scalarizer | Aggregator):
        raise TypeError(f"`method` is the class {method.__name__}: pass an instance: {_call(method)}.")
    if isinstance(method, str):
        raise TypeError(f"`method` is the word {method!r}: pass an instance of a method. {_nearest(method)}")
    check_uncompiled("method", method)
    kind = f"the class {method.__name__}" if isinstance(method, type) else f"of type {type(method).__name__}"
    raise TypeError(
        f"`method` must be a TorchJD Scalarizer or Aggregator, but is {kind}. Pass an instance of one: "
        "GO4Align(num_groups=2)."
    )


def check_given(method: object, optimization: object) -> None:
    """Refuse what is no method or no kind of optimization.

    Args:
        method: What was given.
        optimization: ``"manual"`` or ``"automatic"``.

    Raises:
        ValueError: If it is neither.
    """
    check_method(method)
    if optimization not in ("manual", "automatic"):
        raise ValueError(f"`optimization` must be 'manual' or 'automatic', but is {optimization!r}.")


def _call(method: type) -> str:
    """Write a call of a class: with what it must be given, or else with its first argument as it is anyway."""
    parameters = [
        parameter
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    needed = [f"{parameter.name}=..." for parameter in parameters if parameter.default is parameter.empty]
    usual = [f"{parameter.name}={parameter.default!r}" for parameter in parameters[:1]]
    return f"{method.__name__}({', '.join(needed or usual)})"


def _nearest(word: str) -> str:
    """Name the methods whose names are like a word."""
    known = {
        name.lower(): (room.__name__, getattr(room, name))
        for room in (aggregation, scalarization, methods)
        for name in room.__all__
        if _is_method(getattr(room, name))
    }
    near = [known[name] for name in get_close_matches(word.lower(), known, n=3, cutoff=0.6)]
    if not near:
        return "They are in `lightning_go4align.methods`, `torchjd.scalarization` and `torchjd.aggregation`."
    calls = ", ".join(f"{_call(method)} of {room}" for room, method in near)
    return f"Nearest: {calls}."


def _is_method(part: object) -> bool:
    return isinstance(part, type) and issubclass(part, Scalarizer | Aggregator)
