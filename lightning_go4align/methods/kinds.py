"""Which kind of method is meant where one is given to another."""

from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.functional.arguments import check_instance


def check_uncompiled(name: str, method: object) -> None:
    """Refuse what ``torch.compile`` makes of a method: it is none, and its state has other names.

    Args:
        name: The argument's name.
        method: What was given.

    Raises:
        TypeError: If it is a compiled method.
    """
    if isinstance(getattr(method, "_orig_mod", None), Scalarizer | Aggregator):
        raise TypeError(
            f"`{name}` is what `torch.compile` puts around a method, which hides the method and its state. Compile "
            "it in place: `method.compile()`, and pass `method`."
        )


def check_scalarizer(method: object, instead: str) -> None:
    """Refuse what is no scalarizer in the place of one.

    Args:
        method: What was given.
        instead: What can be done for an aggregator, a sentence.

    Raises:
        TypeError: If it is no scalarizer, the class of one, or a compiled one.
    """
    check_instance("method", method)
    check_uncompiled("method", method)
    if isinstance(method, Aggregator):
        raise TypeError(
            f"`method` must be a scalarizer, but {method} is an aggregator, which sees gradients. {instead}"
        )
    if not isinstance(method, Scalarizer):
        raise TypeError(f"`method` must be a TorchJD scalarizer, such as `FAMO(3)`, but is {method!r}.")
