"""The two conventions for the parameters of single tasks under gradient-oriented methods."""

from torchjd import Stateful
from torchjd.aggregation import Aggregator, WeightedAggregator, Weighting
from torchjd.linalg import Matrix
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import check_instance
from lightning_go4align.methods.kinds import check_uncompiled
from lightning_go4align.methods.stateful import reset_parts
from lightning_go4align.plain_text import in_one_line


class WeightedHeads(WeightedAggregator, Stateful):
    r"""Let the heads follow the weighted sum of the losses, as in the published MGDA, IMTL-G and Nash-MTL.

    Without this wrapper each head :math:`\theta^m` has the gradient of its plain loss, :math:`\nabla L^m`, as in
    TorchJD and in the published PCGrad, CAGrad and GradDrop; with it that times the task's weight,
    :math:`w^m \nabla L^m`. The published weights are ``M`` times TorchJD's for MGDA, and for Nash-MTL those before
    clipping (``max_norm=0``).

    Args:
        aggregator: The aggregator: one with weights, such as ``MGDA``.

    Raises:
        TypeError: If the aggregator has no weights, or is a class or a scalarizer.

    Example:
        >>> from torchjd.aggregation import MGDA
        >>> WeightedHeads(MGDA()).weighs_heads
        True
        >>> WeightedHeads(MGDA())
        WeightedHeads(MGDA(epsilon=0.001, max_iters=100))
    """

    weighs_heads: bool = True

    def __init__(self, aggregator: Aggregator) -> None:
        super().__init__(weighting_of(aggregator))
        self.described = in_one_line(repr(aggregator))

    @override
    def reset(self) -> None:
        """Let the aggregator forget the Jacobians seen so far."""
        reset_parts(self)

    @override
    def __repr__(self) -> str:
        return f"WeightedHeads({self.described})"


def weighting_of(aggregator: Aggregator) -> Weighting[Matrix]:
    """Return what gives an aggregator its weights.

    Args:
        aggregator: One of TorchJD's weighted aggregators, such as ``MGDA``.

    Returns:
        Its weighting of a Jacobian.

    Raises:
        TypeError: If it is none with weights.

    Example:
        >>> from torchjd.aggregation import Sum
        >>> weighting_of(Sum())
        SumWeighting()
    """
    check_instance("aggregator", aggregator)
    check_uncompiled("aggregator", aggregator)
    if isinstance(aggregator, Scalarizer):
        raise TypeError(
            f"`aggregator` must be an aggregator, but {aggregator} is a scalarizer: to group it, use "
            "`GroupedScalarizer`; heads follow its weights anyway."
        )
    if not isinstance(aggregator, WeightedAggregator):
        raise TypeError(
            f"`aggregator` must have weights, but {aggregator} has none. Give a weighted one, such as "
            "torchjd.aggregation.MGDA."
        )
    return aggregator.weighting
