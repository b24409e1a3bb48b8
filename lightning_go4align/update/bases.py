"""The bases of a module that brings its method: their order, and their arguments."""

import inspect
from collections.abc import Mapping


def refuse_behind(kind: type, mixin: type) -> None:
    """Refuse a class that lists a mixin behind the LightningModule, which would never ask it for anything.

    Args:
        kind: The class, as it is made.
        mixin: The mixin among its bases.

    Raises:
        TypeError: If it does.
    """
    before = kind.__mro__[1 : kind.__mro__.index(mixin)]
    if any(base.__name__ == "LightningModule" for base in before):  # Of lightning or of pytorch_lightning.
        raise TypeError(
            f"{kind.__name__} lists {mixin.__name__} behind {before[0].__name__}, where its method would never hear "
            f"of a trainer. Write `class {kind.__name__}({mixin.__name__}, {before[0].__name__})`."
        )


def refuse_shared_arguments(kind: type, mixin: type, given: Mapping[str, object]) -> None:
    """Refuse arguments of which nobody can tell whether they are meant for a mixin or for the module behind it.

    Args:
        kind: The class that is built.
        mixin: The mixin among its bases.
        given: The mixin's arguments; None for those that were not given.

    Raises:
        TypeError: If the module takes one of those that were given, too.
    """
    behind = kind.__mro__[kind.__mro__.index(mixin) + 1 :]
    module = next(base for base in behind if "__init__" in vars(base))
    known = inspect.signature(vars(module)["__init__"]).parameters
    shared = [name for name, value in given.items() if value is not None and name in known]
    if shared:
        raise TypeError(
            f"{mixin.__name__} and {module.__name__}, which stands behind it, both take `{shared[0]}`, and only the "
            f"first would get it. Give the argument of {module.__name__} another name, or leave the mixin out and "
            f"give `MultiTaskCallback(method, {shared[0]}=...)` to the trainer."
        )
