"""Which kind of method is meant where one is given to another."""

from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.functional.arguments import check_instance


def check_scalarizer(method: object, instead: str) -> None:
    """Refuse what is no scalarizer in the place of one.

    Args:
        method: What was given.
        instead: What can be done for an aggregator, a sentence.

    Raises:
        TypeError: If it is no scalarizer, or the class of one.
    """
    check_instance("method", method)
    if isinstance(method, Aggregator):
        raise TypeError(
            f"`method` must be a scalarizer, but {method} is an aggregator, which sees gradients. {instead}"
        )
    if not isinstance(method, Scalarizer):
        raise TypeError(f"`method` must be a TorchJD scalarizer, such as `FAMO(3)`, but is {method!r}.")
