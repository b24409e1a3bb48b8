"""What a reader wants to know of a run beside its numbers."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Notes:
    """Words on a run.

    Args:
        run: Its name.
        method: The method and its arguments.
        seconds: How long it has trained.
        interrupted: What ended it early; empty if nothing did.
        started: When its training began first, ISO 8601 with the offset from UTC.
        command: What was typed to start it, as far as Python knows.
        versions: The packages that trained it, with their versions.
        own_weights: The tasks whose weight the user has set: no advice is due on it.

    Example:
        >>> Notes(method="GO4Align()").interrupted
        ''
    """

    run: str = ""
    method: str = ""
    seconds: float = 0.0
    interrupted: str = ""
    started: str = ""
    command: str = ""
    versions: str = ""
    own_weights: list[str] = field(default_factory=list)
