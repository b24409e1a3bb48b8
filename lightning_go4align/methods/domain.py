"""Which methods need positive losses, and why: what lies outside their domain is to be told before it does harm."""

from typing import Protocol, runtime_checkable

from torch import nn
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, GeometricMean

from lightning_go4align.methods.with_lower_bounds import WithLowerBounds


@runtime_checkable
class NeedsPositiveLosses(Protocol):
    """A method, or a part of one, that gives the reason why losses have to be positive."""

    why_positive: str


# TorchJD's have no such attribute.
REASONS: dict[type[nn.Module], str] = {
    UW: "`exp(-s) L + s / 2` falls without bound in the learned s where L < 0: the task's weight grows for ever",
    IMTLL: "`exp(s) L - s` falls without bound in the learned s where L < 0: the task's weight grows for ever",
    FAMO: "it takes the logarithm of L less `min_losses`: NaN below that bound",
    GeometricMean: "it takes the logarithm of L: an error where L < 0",
    DWA: "the ratio of a task's losses of two epochs changes its sign, and grows without bound, where L passes 0",
}
MEND = (
    "take `RobustGO4Align`, which takes losses of any sign, or declare for each task a number that its loss stays "
    "above: `{}`"
)
OWN_MEND = {FAMO: MEND.format("FAMO(..., min_losses=...)")}


def why_positive(method: nn.Module) -> str | None:
    """Say why a method, or one within it, needs positive losses.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        The reason and the mend, one sentence; None if the method takes losses of any sign, or their lower bounds are
        declared.

    Example:
        >>> from lightning_go4align.methods import GO4Align, RobustGO4Align
        >>> print(why_positive(GO4Align()))
        GO4Align needs positive losses, as Eq. 5 divides by them: a task whose loss is not has weight 0. Mend: ...
        >>> why_positive(RobustGO4Align()) is None
        True
    """
    if isinstance(method, WithLowerBounds):
        return None
    reason = _reason(method)
    if reason is not None:
        own = next((mend for kind, mend in OWN_MEND.items() if isinstance(method, kind)), None)
        name = type(method).__name__
        mend = own or MEND.format(f"WithLowerBounds({name}(...), bounds=[...])")
        return f"{name} needs positive losses, as {reason}. Mend: {mend}."
    return next((found for part in method.children() if (found := why_positive(part))), None)


def _reason(method: nn.Module) -> str | None:
    if isinstance(method, FAMO) and _has_bounds(method):
        return None
    if isinstance(method, NeedsPositiveLosses):
        return method.why_positive
    return next((reason for kind, reason in REASONS.items() if isinstance(method, kind)), None)


def _has_bounds(method: FAMO) -> bool:
    """Tell whether bounds were declared; once, when the method is built, and not in the step."""
    return bool(method.min_losses.any())


def declared_bounds(method: nn.Module) -> list[float] | None:
    """Read the lower bounds of the losses that a method, or one within it, was given.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        One for each task; None if it was given none.

    Example:
        >>> from torchjd.scalarization import UW
        >>> declared_bounds(WithLowerBounds(UW(2), [-10.0, 0.0])), declared_bounds(UW(2))
        ([-10.0, 0.0], None)
    """
    for part in method.modules():
        if isinstance(part, WithLowerBounds):
            return [float(bound) for bound in part.bounds.tolist()]
        if isinstance(part, FAMO) and _has_bounds(part):
            return [float(bound) for bound in part.min_losses.flatten().tolist()]
    return None


def requires_positive_losses(method: nn.Module) -> bool:
    """Tell whether a method, or one within it, needs positive losses.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        True if a loss of 0 or below is outside its domain. Of the method alone: no loss is read.

    Example:
        >>> from torchjd.scalarization import FAMO, Sum
        >>> requires_positive_losses(FAMO(2)), requires_positive_losses(Sum())
        (True, False)
    """
    return why_positive(method) is not None
