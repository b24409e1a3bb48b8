"""What a picture needs."""

from collections.abc import Sized

from lightning_go4align.history import History


def check_some(found: Sized, what: str, advice: str) -> None:
    """Refuse to draw nothing.

    Args:
        found: What was given.
        what: What the picture needs.
        advice: Where to get it.

    Raises:
        ValueError: If nothing was given.

    Example:
        >>> check_some([], "a score", "Validate first.")
        Traceback (most recent call last):
        ...
        ValueError: The picture needs at least a score, but was given none. Validate first.
    """
    if not len(found):
        raise ValueError(f"The picture needs at least {what}, but was given none. {advice}")


def check_steps(history: History) -> None:
    """Refuse a run without a recorded step."""
    check_some(history.steps, "a recorded step", "Train with a `GroupDynamicsMonitor` first.")


def check_scores(history: History) -> None:
    """Refuse a run without a scored validation."""
    check_some(history.scores, "a scored validation", "Add a `DeltaMMonitor` to `trainer.callbacks` and validate.")
