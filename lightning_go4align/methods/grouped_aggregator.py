"""Adaptive group risk minimization over any weighted aggregator (Table 7 of the paper)."""

from torch import Tensor
from torchjd.aggregation import Aggregator, WeightedAggregator, Weighting
from torchjd.linalg import Matrix
from typing_extensions import override

from lightning_go4align.functional.grouping import Clustering, Grouping, kmeans_1d
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.weighed_heads import weighting_of


class GroupedAggregator(WeightedAggregator):
    """Let the tasks of a group share one weight, whatever aggregator the weights come from (Eq. 3 and 4).

    The indicators are the aggregator's weights; each task's gradient then weighs as much as the centre of its group.

    Args:
        aggregator: The aggregator whose weights are grouped: one of TorchJD's weighted ones, such as ``MGDA``.
        num_groups: Number of groups ``K``, at least 1; a step with fewer tasks has as many groups as tasks.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last weights of the aggregator, shape ``[M]``.

    Raises:
        TypeError: If the aggregator has no weights to group.
        ValueError: If ``num_groups`` is below 1.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import IMTLG
        >>> aggregator = GroupedAggregator(IMTLG(), num_groups=2)
        >>> gradient = aggregator(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.25, 0.0], [0.0, 0.0, 100.0]]))
        >>> aggregator.task_weights
        tensor([0.4972, 0.4972, 0.0055])
    """

    weighting: "GroupedWeighting"

    def __init__(self, aggregator: Aggregator, num_groups: int = 2, clustering: Clustering = kmeans_1d) -> None:
        super().__init__(GroupedWeighting(weighting_of(aggregator), num_groups, clustering))
        self.weighs_heads = bool(getattr(aggregator, "weighs_heads", False))

    @property
    def grouping(self) -> Grouping | None:
        return self.weighting.grouping

    @property
    def task_weights(self) -> Tensor | None:
        return None if self.grouping is None else self.grouping.task_weights

    @property
    def indicators(self) -> Tensor | None:
        return self.weighting.indicators

    @override
    def __repr__(self) -> str:
        inner, clustering = self.weighting, describe_other(self.weighting.clustering, kmeans_1d)
        return f"GroupedAggregator({inner.weighting!r}, num_groups={inner.num_groups}{clustering})"


class GroupedWeighting(Weighting[Matrix]):
    """Group the weights of a TorchJD weighting; ``GroupedAggregator`` is its way to use.

    Args:
        weighting: The weighting of a Jacobian.
        num_groups: Number of groups ``K``, at least 1.
        clustering: Solver of Eq. 3.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import SumWeighting
        >>> GroupedWeighting(SumWeighting(), 1, kmeans_1d)(torch.eye(2))
        tensor([1., 1.])
    """

    def __init__(self, weighting: Weighting[Matrix], num_groups: int, clustering: Clustering) -> None:
        super().__init__()
        if num_groups < 1:
            raise ValueError(f"`num_groups` must be at least 1, but is {num_groups}. Change it in `model.method`.")
        self.weighting = weighting
        self.num_groups = num_groups
        self.clustering = clustering
        self.grouping: Grouping | None = None
        self.indicators: Tensor | None = None

    @override
    def forward(self, matrix: Tensor, /) -> Tensor:
        self.indicators = self.weighting(matrix).detach()
        # Absent tasks have no row.
        self.grouping = self.clustering(self.indicators, min(self.num_groups, len(self.indicators)))
        return self.grouping.task_weights
