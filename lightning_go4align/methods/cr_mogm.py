"""Average the weights of an aggregator over the steps."""

from torchjd import Stateful
from torchjd.aggregation import Aggregator, CRMOGMWeighting, WeightedAggregator
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.methods.stateful import reset_parts
from lightning_go4align.methods.weighted_heads import weighting_of
from lightning_go4align.plain_text import in_one_line


class CRMOGM(WeightedAggregator, Stateful):
    r"""Correlation-reduced gradient manipulation (CR-MOGM; Zhou et al., 2022): weights that move slowly.

    With :math:`\hat\lambda_t` the weights of the aggregator in step :math:`t`, those of the step are

    .. math:: \lambda_t = \alpha \, \lambda_{t-1} + (1 - \alpha) \, \hat\lambda_t, \qquad
              g = \sum_m \lambda^m_t \, \nabla L^m

    and :math:`\lambda_0 = \hat\lambda_1`, by TorchJD's ``CRMOGMWeighting``. The paper lets :math:`\alpha` grow to 1
    as the learning rate falls; here it is constant. Heads follow the averaged weights where the aggregator is
    ``WeightedHeads`` around another.

    Args:
        aggregator: The aggregator whose weights are averaged: one with weights, such as ``MGDA``.
        alpha: :math:`\alpha`, in [0, 1): 0 averages nothing.

    Raises:
        TypeError: If the aggregator has no weights, or ``alpha`` is no number.
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import IMTLG
        >>> aggregator = CRMOGM(IMTLG(), alpha=0.5)
        >>> aggregator(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        tensor([0.5000, 0.5000])
        >>> aggregator(torch.tensor([[1.0, 0.0], [0.0, 3.0]]))  # IMTL-G's weights are 3 / 4 and 1 / 4
        tensor([0.6250, 1.1250])
    """

    def __init__(self, aggregator: Aggregator, alpha: float = 0.9) -> None:
        alpha = non_negative("alpha", alpha, below=1)
        super().__init__(CRMOGMWeighting(weighting_of(aggregator), alpha))
        self.described = in_one_line(repr(aggregator))
        self.weighs_heads = bool(getattr(aggregator, "weighs_heads", False))
        self.alpha = alpha

    @override
    def reset(self) -> None:
        """Forget the weights seen so far, and let the aggregator forget the Jacobians."""
        reset_parts(self)
        reset_parts(self.weighting)  # TorchJD's resets nothing that lies deeper in what it averages.

    @override
    def __repr__(self) -> str:
        return f"CRMOGM({self.described}, alpha={self.alpha})"
