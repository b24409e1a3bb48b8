"""A module's own function, in whose place another one stands for a single call."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from lightning_go4align.update.misconfiguration import MisconfigurationException

Function = Callable[..., Any]


def lending(call: Function, module: nn.Module, name: str, stand_in: Function) -> Function:
    """Let another function stand in the place of a module's own for the one call that something makes of it.

    At every other moment the attribute is the user's: to assign, to delete, to copy and to call, also from within.

    Args:
        call: What calls it, as a hook of Lightning's strategy.
        module: The module.
        name: Name of its function, as it stands there when ``call`` is called.
        stand_in: What is called in its place, with the module's own before the other arguments.

    Returns:
        What is to be called in the place of ``call``.

    Raises:
        MisconfigurationException: If the module's own is a property.

    Example:
        >>> import torch
        >>> layer = nn.ReLU()
        >>> doubled = lending(lambda x: layer.forward(x), layer, "forward", lambda own, x: own(x) + own(x))
        >>> int(doubled(3 * torch.ones(()))), "forward" in vars(layer)
        (6, False)
    """
    refuse_property(module, name)

    def calling(*args: Any, **kwargs: Any) -> Any:
        attributes, own = vars(module), getattr(module, name)
        is_held, held = name in attributes, attributes.get(name)

        def give_back() -> None:
            if attributes.get(name) is standing and is_held:
                attributes[name] = held
            elif attributes.get(name) is standing:
                del attributes[name]

        def standing(*args: Any, **kwargs: Any) -> Any:
            give_back()
            return stand_in(own, *args, **kwargs)

        attributes[name] = standing
        try:
            return call(*args, **kwargs)
        finally:
            give_back()

    return calling


def refuse_property(module: nn.Module, name: str) -> None:
    """Refuse a module that has a property where another function is to stand.

    Args:
        module: The module.
        name: Name of its function.

    Raises:
        MisconfigurationException: If it is one.
    """
    if inspect.isdatadescriptor(inspect.getattr_static(type(module), name, None)):
        raise MisconfigurationException(
            f"`{name}` of {type(module).__name__} is a property, in whose place nothing can stand. Make it a method, "
            f"or assign what it returns, as `self.{name} = ...`: at any moment, also in the course of a fit."
        )
