"""What may stand for a task and its loss, and what to write in the place of something else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

FLOATS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
BESIDE = "What is no loss belongs beside them, {'task_losses': {...}, 'accuracy': ...}, or into `self.log`."


def check_name(task: Any, how: str = "") -> str:
    """Check the name of a task.

    Args:
        task: What stands for one.
        how: What to add to an error.

    Returns:
        The name, as a plain string.

    Raises:
        TypeError: If it is no string.
        ValueError: If it is blank.

    Example:
        >>> check_name(" ")
        Traceback (most recent call last):
        ...
        ValueError: The name of a task must not be blank, but is ' '. ...
    """
    if not isinstance(task, str):
        raise TypeError(f"The name of a task must be a string, but is {task!r}. {how}".rstrip())
    if not task.strip():
        raise ValueError(
            f"The name of a task must not be blank, but is {task!r}. Loggers and pictures show it: give it a word. "
            f"{how}".rstrip()
        )
    return str.__str__(task)  # A checkpoint could not hold an enumeration's.


def check_names(tasks: Any) -> list[str]:
    """Check the names of all tasks.

    Args:
        tasks: A sequence of distinct names.

    Returns:
        The names, as plain strings.

    Raises:
        TypeError: If it is no sequence of strings, or a single string.
        ValueError: If it is empty, or names are blank or not distinct.

    Example:
        >>> check_names(("depth", "normal"))
        ['depth', 'normal']
    """
    if isinstance(tasks, str) or not isinstance(tasks, Sequence):
        raise TypeError(f"`tasks` must be a list of names, but is {tasks!r}. Write ['depth', 'normal'].")
    names = [check_name(task) for task in tasks]
    if not names:
        raise ValueError("`tasks` must name a task, but is empty. Leave it out to take those of the first step.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"`tasks` must be distinct, but {twice} stand there more than once. Name each task once.")
    return names


def check_loss(task: str, loss: Any) -> None:
    """Check the loss of a task, without reading its value.

    Args:
        task: Its name.
        loss: What stands for the loss.

    Raises:
        TypeError: If it is no dense floating-point tensor of one element, of 16 bits or more.

    Example:
        >>> check_loss("depth", torch.ones(2))
        Traceback (most recent call last):
        ...
        TypeError: The loss of task 'depth' must be a scalar, but has shape [2]. Reduce it: `.mean()`. ...
    """
    if not isinstance(loss, Tensor):
        kind = f"a {type(loss).__name__}"
        raise TypeError(f"The loss of task '{task}' must be a tensor with its graph, but is {kind}. {_instead(loss)}")
    if loss.layout != torch.strided:
        raise TypeError(
            f"The loss of task '{task}' must be a dense tensor, but its layout is {loss.layout}. Reduce it: "
            "`.sum()`, or take `.to_dense()`."
        )
    if loss.numel() == 0:
        raise TypeError(
            f"The loss of task '{task}' must be a scalar, but is empty, of shape {list(loss.shape)}. Return None for "
            "a task that is absent from the batch."
        )
    if loss.numel() != 1:
        raise TypeError(
            f"The loss of task '{task}' must be a scalar, but has shape {list(loss.shape)}. Reduce it: `.mean()`. "
            f"{BESIDE}"
        )
    if loss.dtype not in FLOATS:
        _refuse_dtype(task, loss)


def _refuse_dtype(task: str, loss: Tensor) -> None:
    if loss.is_complex():
        raise TypeError(
            f"The loss of task '{task}' must be a floating-point tensor, but is {loss.dtype}. Take `.real`, `.abs()`."
        )
    if loss.is_floating_point():
        raise TypeError(
            f"The loss of task '{task}' must have a dtype that torch computes in, but is {loss.dtype}. Compute it in "
            "float32: `.float()`."
        )
    raise TypeError(f"The loss of task '{task}' must be a floating-point tensor, but is {loss.dtype}. {BESIDE}")


def _instead(value: Any) -> str:
    if isinstance(value, bool | int | float | np.generic | np.ndarray):
        return f"Return the tensor that it was read from, without `.item()` or `.numpy()`. {BESIDE}"
    if isinstance(value, Mapping):
        return "Give each loss in it a name of its own: {'depth/near': ..., 'depth/far': ...}."
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        gathered = "list(...)" if isinstance(value, Iterator) else "..."
        return f"Make one loss of its parts, `torch.stack({gathered}).mean()`, or give each a name of its own."
    return BESIDE
