"""The last step under the names of its tasks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Self, TypeVar, overload

from torch import Tensor, nn

from lightning_go4align.update.record import StepRecord

Value = TypeVar("Value")
REGISTERING = "_go4align_registering"


class overridable_property(Generic[Value]):  # noqa: N801  # a decorator, as `property`
    """A property that gives way to an attribute, a layer or a buffer that a user's module has under its name.

    Example:
        >>> class Module:
        ...     @overridable_property
        ...     def groups(self):
        ...         return "ours"
        >>> module, other = Module(), Module()
        >>> other.groups = "the user's"
        >>> module.groups, other.groups
        ('ours', "the user's")
    """

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> Value | Self:
        if instance is None:
            return self
        if vars(instance).get(REGISTERING) == self._name:
            raise AttributeError(self._name)  # What torch asks before it registers something under a name.
        for kept in ("_modules", "_buffers", "_parameters"):  # of torch
            if self._name in vars(instance).get(kept, ()):
                return vars(instance)[kept][self._name]  # type: ignore[no-any-return]  # the user's
        return self._function(instance)


@contextmanager
def _free(module: object, name: str) -> Iterator[None]:
    vars(module)[REGISTERING] = name
    try:
        yield
    finally:
        del vars(module)[REGISTERING]


class GivesWay:
    """A module under the names of whose properties layers, parameters and buffers may be registered."""

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        with _free(self, name):
            super().register_buffer(name, tensor, persistent)  # type: ignore[misc]  # a mixin's

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None:
        with _free(self, name):
            super().register_parameter(name, param)  # type: ignore[misc]  # as above

    def add_module(self, name: str, module: nn.Module | None) -> None:
        with _free(self, name):
            super().add_module(name, module)  # type: ignore[misc]  # as above

    register_module = add_module


class LastStepMixin:
    """What a callback and a module tell of the last step."""

    @overridable_property
    def last_step(self) -> StepRecord | None:
        """What the last batch found about its tasks, on their device; None before the first."""
        raise NotImplementedError

    @overridable_property
    def task_weights(self) -> dict[str, Tensor]:
        """The last weight of each task, a tensor of shape ``[]``; empty before the first step, or without weights."""
        record = self.last_step
        return {} if record is None else record.task_weights

    @overridable_property
    def groups(self) -> dict[str, Tensor]:
        """The last group of each task, an int64 tensor of shape ``[]``, -1 for none; empty if nothing is grouped."""
        record = self.last_step
        return {} if record is None else record.groups
