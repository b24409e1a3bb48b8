"""What a picture needs."""

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from lightning_go4align.history import History

FINISH = "Finish a run of it first."


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
    check_some(
        history.validations, "a scored validation", "Add a `DeltaMMonitor` to `trainer.callbacks` and validate."
    )


def check_seeds(scores: Mapping[Any, Sequence[float]]) -> None:
    """Refuse to draw a comparison of nothing, or of a method without a score.

    Args:
        scores: The score of every seed, for each method.

    Raises:
        ValueError: If there is none.
    """
    check_some(scores, "one score", FINISH)
    for name, found in scores.items():
        check_some(found, f"one score of {name!r}", FINISH)
