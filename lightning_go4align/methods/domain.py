"""Which methods need positive losses, and why: what lies outside their domain is to be told before it does harm."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from torch import nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, GeometricMean, Scalarizer

from lightning_go4align.methods.robust_go4align import RobustGO4Align
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
AT_ZERO: dict[type[nn.Module], str] = {
    FAMO: "divides by the loss: the task takes all weight from the others, and nothing is learned in that step",
    UW: "has nothing to keep it small: the task's weight grows for as long as its loss is 0",
    IMTLL: "has nothing to keep it small: the task's weight grows for as long as its loss is 0",
    GeometricMean: "takes its logarithm, and finds no finite weight",
}
MEND = "take {}, which takes losses of any sign, or declare for each task a number that its loss stays above: `{}`"
OF_AGGREGATORS = (
    "take `RobustGO4Align`, which takes losses of any sign, or subtract from each loss, where it is computed, a "
    "number that it stays above"
)


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
    found = _first(method, _reason)
    return found and f"{found.name} needs positive losses, as {found.reason}. Mend: {found.mend}."


def why_not_zero(method: nn.Module) -> str | None:
    """Say why a method, or one within it, cannot take a loss of exactly 0: of a margin that is met, or no labels.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        The reason and the mend, one sentence; None if it leaves such a task out, or lower bounds are declared.

    Example:
        >>> from lightning_go4align.methods import SI
        >>> print(why_not_zero(FAMO(2)))
        FAMO divides by the loss: the task takes all weight ... If the batch has no labels, return None; otherwise ...
        >>> why_not_zero(SI()) is None
        True
    """
    found = _first(method, lambda part: _of_kind(part, AT_ZERO))
    return found and f"{found.name} {found.reason}. If the batch has no labels, return None; otherwise {found.mend}."


class _Found(NamedTuple):
    name: str
    reason: str
    mend: str


def _first(
    method: nn.Module, reason_of: Callable[[nn.Module], str | None], around: nn.Module | None = None
) -> _Found | None:
    """Look for a method that has a reason, or a part of one, in what has no lower bounds."""
    if isinstance(method, WithLowerBounds) or (isinstance(method, FAMO) and _has_bounds(method)):
        return None
    around = method if isinstance(method, Scalarizer | Aggregator) else around
    if reason := reason_of(method):
        return _Found(type(method).__name__, reason, _mend(around))
    return next((found for part in method.children() if (found := _first(part, reason_of, around))), None)


def _mend(method: nn.Module | None) -> str:
    """Say what makes up for losses of any sign, of the method that has the reason or the part that has."""
    if isinstance(method, Aggregator):
        return OF_AGGREGATORS
    other = "the default in its place" if isinstance(method, RobustGO4Align) else "`RobustGO4Align`"
    name = type(method).__name__
    bounds = (
        "FAMO(..., min_losses=...)" if isinstance(method, FAMO) else f"WithLowerBounds({name}(...), bounds=[...])"
    )
    return MEND.format(other, bounds)


def _reason(method: nn.Module) -> str | None:
    return method.why_positive if isinstance(method, NeedsPositiveLosses) else _of_kind(method, REASONS)


def _of_kind(method: nn.Module, texts: dict[type[nn.Module], str]) -> str | None:
    return next((text for kind, text in texts.items() if isinstance(method, kind)), None)


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
