"""A call of an aggregator that sees some tasks only, and what it remembers of the others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from torch import Tensor, nn

from lightning_go4align.methods.held_of_tasks import Setting, held_of_tasks
from lightning_go4align.methods.state import LazyProblem

KEY = "_state_key"  # By which TorchJD tells that the number of rows changed, and forgets what it knew.


@contextmanager
def some_tasks(method: nn.Module, rows: Tensor, number: int) -> Iterator[None]:
    """Let an aggregator see the rows of some tasks, and keep what it remembers of the others.

    Settings of each task and its state are cut to the tasks that are there, and put back after the call.
    Nash-MTL solves the bargaining problem of those that are there.

    Args:
        method: An aggregator.
        rows: Numbers of the tasks that have a row, ascending, shape ``[m]``.
        number: Number ``M`` of all tasks.

    Raises:
        ValueError: If it has settings for another number of tasks, or cannot go without a task; it is as before then.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import Constant
        >>> method = Constant(torch.tensor([1.0, 2.0, 3.0]))
        >>> with some_tasks(method, torch.tensor([0, 2]), 3):
        ...     method(torch.eye(2))
        tensor([1., 3.])
    """
    with ExitStack() as stack:
        for part in method.modules():
            if isinstance(part, LazyProblem):
                stack.enter_context(_smaller_problem(part, rows.tolist(), number))
            elif held := held_of_tasks(part):
                stack.enter_context(_cut(part, held, rows, number))
        yield


@contextmanager
def _cut(part: nn.Module, held: tuple[Setting, ...], rows: Tensor, number: int) -> Iterator[None]:
    before = {entry.name: getattr(part, entry.name) for entry in held}
    key, short = getattr(part, KEY, None), None
    for name, full in before.items():
        _check_number(part, name, None if full is None else len(full), number)
    try:
        for entry in held:
            full = before[entry.name]
            setattr(part, entry.name, None if full is None else entry.cut(full, rows.to(full.device)))
        if key is not None:
            short = _with_rows(key, len(rows))
            setattr(part, KEY, short)
        yield
        _put_back(part, held, before, rows, number, forgot=getattr(part, KEY, None) != short)
    except BaseException:
        for name, full in before.items():
            setattr(part, name, full)
        if hasattr(part, KEY):
            setattr(part, KEY, key)
        raise


def _put_back(
    part: nn.Module, held: tuple[Setting, ...], before: dict[str, Any], rows: Tensor, number: int, *, forgot: bool
) -> None:
    for entry in held:
        found, full = getattr(part, entry.name), before[entry.name]
        if found is not None:
            begins = forgot and type(entry) is not Setting
            whole = entry.put_back(part, None if begins else full, found, rows.to(found.device), number)
            setattr(part, entry.name, whole)
    if getattr(part, KEY, None) is not None:
        setattr(part, KEY, _with_rows(getattr(part, KEY), number))


def _with_rows(key: Any, rows: int) -> Any:
    """Put a number of rows in the place of another in what TorchJD compares."""
    return (rows, *key[1:]) if isinstance(key, tuple) else rows


@contextmanager
def _smaller_problem(part: Any, rows: list[int], number: int) -> Iterator[None]:
    _check_number(part, "n_tasks", part.n_tasks, number)
    weights = part.prvs_alpha
    pose = _of_one_task if len(rows) == 1 else _of_several
    try:
        with pose(part, weights[rows]):
            yield
        found = part.prvs_alpha
        weights = weights.astype(found.dtype)
        weights[rows] = found
    finally:
        _begin_with(part, weights)
        part._init_optim_problem()


def _begin_with(part: Any, weights: "np.ndarray[Any, Any]") -> None:
    part.n_tasks, part.prvs_alpha, part.init_gtg = len(weights), weights, np.eye(len(weights))


@contextmanager
def _of_several(part: Any, weights: "np.ndarray[Any, Any]") -> Iterator[None]:
    _begin_with(part, weights)
    part._init_optim_problem()
    yield


@contextmanager
def _of_one_task(part: Any, weights: "np.ndarray[Any, Any]") -> Iterator[None]:
    """Give one task what it gets without a bargain: its weight solves ``g * w = 1 / w``, and g is scaled to 1."""
    step, every = part.step, part.update_weights_every
    _begin_with(part, weights if step % every else np.ones_like(weights))
    part.step, part.update_weights_every = 1.0, 2  # No step of these solves anything, which cvxpy refuses for one.
    try:
        yield
        step += 1
    finally:
        part.step, part.update_weights_every = step, every


def _check_number(part: nn.Module, name: str, found: int | None, number: int) -> None:
    if found not in (None, number):
        raise ValueError(
            f"`{name}` of {type(part).__name__} must be for the {number} tasks, but is for {found}. Correct it."
        )
