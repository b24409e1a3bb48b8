"""What a reader wants to know of a run beside its numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notes:
    """Words on a run.

    Args:
        run: Its name.
        method: The method and its arguments.
        seconds: How long it has trained.
        interrupted: What ended it early; empty if nothing did.

    Example:
        >>> Notes(method="GO4Align()").interrupted
        ''
    """

    run: str = ""
    method: str = ""
    seconds: float = 0.0
    interrupted: str = ""
