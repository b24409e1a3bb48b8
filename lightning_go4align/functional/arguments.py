"""Arguments that users give: refused where they cannot be used, and plain Python numbers where they can."""

import math
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real

import numpy as np
from torch import Tensor


def as_integer(name: str, value: object, least: int | None = None) -> int:
    """Take an integer of any library as a plain one.

    Args:
        name: The argument's name.
        value: What was given.
        least: The smallest integer allowed; None if every one is.

    Returns:
        The integer: what a checkpoint and a ``repr`` can hold.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it is too small.

    Example:
        >>> import numpy as np
        >>> as_integer("window", np.int64(2), least=1)
        2
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"`{name}` must be an integer, but is {value!r}.")
    if least is not None and value < least:
        raise ValueError(f"`{name}` must be at least {least}, but is {value!r}.")
    return int(value)


def non_negative(name: str, value: object, below: float | None = None) -> float:
    """Take a finite number of any library, 0 or more, as a plain one.

    Args:
        name: The argument's name.
        value: What was given.
        below: What it must be below; None if every finite number is.

    Returns:
        The number; an integer stays one.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative, infinite, NaN or too large.

    Example:
        >>> import numpy as np
        >>> non_negative("beta", np.float64(0.5))
        0.5
    """
    number = _plain(name, value, "a number of at least 0")
    if not 0 <= number < float("inf"):
        raise ValueError(f"`{name}` must be a number of at least 0, but is {value!r}.")
    if below is not None and number >= below:
        raise ValueError(f"`{name}` must be below {below}, but is {value!r}.")
    return number


def positive(name: str, value: object) -> float:
    """Take a finite number of any library, above 0, as a plain one.

    Args:
        name: The argument's name.
        value: What was given.

    Returns:
        The number; an integer stays one.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not positive, infinite or NaN.

    Example:
        >>> positive("gamma", 2)
        2
    """
    number = _plain(name, value, "a positive number")
    if not 0 < number < float("inf"):
        raise ValueError(f"`{name}` must be positive and finite, but is {value!r}.")
    return number


def finite(name: str, value: object) -> float:
    """Take a finite number of any library as a plain one.

    Args:
        name: The argument's name.
        value: What was given.

    Returns:
        The number; an integer stays one.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is infinite or NaN.

    Example:
        >>> finite("bounds", -10)
        -10
    """
    number = _plain(name, value, "a number")
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be finite, but is {value!r}.")
    return number


def as_list(name: str, values: object) -> list[object]:
    """Take several values, also those of a vector, as a list.

    Args:
        name: The argument's name.
        values: What was given.

    Returns:
        The values.

    Raises:
        TypeError: If it is one value, a word, or without an order.

    Example:
        >>> as_list("groups", (0, 1))
        [0, 1]
    """
    if isinstance(values, Tensor | np.ndarray):
        values = values.tolist()
    if isinstance(values, Mapping | Set):
        raise TypeError(
            f"`{name}` must be a list of numbers in the order of the tasks, but is {values!r}: leave out names."
        )
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise TypeError(f"`{name}` must be a list of numbers, but is {values!r}.")
    return list(values)


def check_instance(name: str, part: object) -> None:
    """Refuse a class where one of its instances is meant.

    Args:
        name: The argument's name.
        part: What was given.

    Raises:
        TypeError: If it is a class.
    """
    if isinstance(part, type):
        raise TypeError(f"`{name}` is the class {part.__name__}: pass an instance, `{part.__name__}(...)`.")


def check_callable(name: str, part: object, example: str) -> None:
    """Refuse what cannot be called, and a class where one of its instances is meant.

    Args:
        name: The argument's name.
        part: What was given.
        example: What could be given.

    Raises:
        TypeError: If it cannot be called, or is a class.
    """
    check_instance(name, part)
    if not callable(part):
        raise TypeError(
            f"`{name}` must be a function or an object that is called like one, such as `{example}`, but is {part!r}."
        )


def check_tensors(**given: object) -> None:
    """Refuse what is no tensor.

    Args:
        given: Arguments by their names.

    Raises:
        TypeError: If one is no tensor.

    Example:
        >>> import torch
        >>> check_tensors(prediction=torch.ones(2), target=torch.ones(2))
    """
    for name, value in given.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"`{name}` must be a tensor, but is a {type(value).__name__}. Give a torch.Tensor.")


def _plain(name: str, value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"`{name}` must be {what}, but is {value!r}.")
    return int(value) if isinstance(value, Integral) else float(value)
