"""Adaptive group risk minimization over any weighted aggregator (Table 7 of the paper)."""

from collections.abc import Sequence

from torch import Tensor
from torchjd import Stateful
from torchjd.aggregation import Aggregator, WeightedAggregator, Weighting
from torchjd.linalg import Matrix
from typing_extensions import override

from lightning_go4align.functional.assignment import assign_groups, check_clustering
from lightning_go4align.functional.grouping import Clustering, Grouping, check_num_groups, kmeans_1d
from lightning_go4align.methods.description import describe_other
from lightning_go4align.methods.stateful import reset_parts
from lightning_go4align.methods.weighted_heads import weighting_of
from lightning_go4align.plain_text import in_one_line


class GroupedAggregator(WeightedAggregator, Stateful):
    """Let the tasks of a group share one weight, whatever aggregator the weights come from (Eq. 3 and 4).

    The indicators are the aggregator's weights; each task's gradient then weighs as much as the centre of its group.

    Args:
        aggregator: The aggregator whose weights are grouped: one of TorchJD's weighted ones, such as ``MGDA``.
        num_groups: Number of groups ``K``, from 1 to the number of tasks; None: the clustering chooses it. A Jacobian
            has no rows for tasks that are absent: with fewer rows than groups each has its own.
        clustering: Solver of Eq. 3, ``(points [M], K) -> Grouping``. The default is exact.

    Attributes:
        grouping: The last grouping; None before the first call.
        task_weights: The last task weights, shape ``[M]``.
        indicators: The last weights of the aggregator, shape ``[M]``.

    Raises:
        TypeError: If the aggregator has no weights to group, or an argument is of a wrong kind.
        ValueError: If ``num_groups`` is below 1, above the number of tasks (those named by ``name_tasks``, or the
            most rows of a Jacobian so far), or does not go with ``clustering``.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import IMTLG
        >>> aggregator = GroupedAggregator(IMTLG(), num_groups=2)
        >>> gradient = aggregator(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.25, 0.0], [0.0, 0.0, 100.0]]))
        >>> aggregator.task_weights
        tensor([0.4972, 0.4972, 0.0055])
    """

    weighting: "GroupedWeighting"

    def __init__(
        self, aggregator: Aggregator, num_groups: int | None = 2, clustering: Clustering = kmeans_1d
    ) -> None:
        super().__init__(GroupedWeighting(weighting_of(aggregator), num_groups, clustering))
        self.described = in_one_line(repr(aggregator))
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
    def reset(self) -> None:
        """Forget the Jacobians seen so far, and let the aggregator and the clustering forget them."""
        self.weighting.reset()

    @override
    def __repr__(self) -> str:
        clustering = describe_other(self.weighting.clustering, kmeans_1d)
        return f"GroupedAggregator({self.described}, num_groups={self.weighting.num_groups}{clustering})"


class GroupedWeighting(Weighting[Matrix], Stateful):
    """Group the weights of a TorchJD weighting; ``GroupedAggregator`` is its way to use.

    Args:
        weighting: The weighting of a Jacobian.
        num_groups: Number of groups ``K``, at least 1; None: the clustering chooses it.
        clustering: Solver of Eq. 3.

    Example:
        >>> import torch
        >>> from torchjd.aggregation import SumWeighting
        >>> GroupedWeighting(SumWeighting(), 1, kmeans_1d)(torch.eye(2))
        tensor([1., 1.])
    """

    def __init__(self, weighting: Weighting[Matrix], num_groups: int | None, clustering: Clustering) -> None:
        super().__init__()
        self.num_groups = check_clustering(num_groups, clustering)
        self.weighting = weighting
        self.clustering = clustering
        self.grouping: Grouping | None = None
        self.indicators: Tensor | None = None
        self._num_tasks = 0

    def name_tasks(self, names: Sequence[str]) -> None:
        """Learn how many tasks there are, whichever have rows in a step.

        Args:
            names: Names of the tasks.
        """
        self._num_tasks = len(names)

    @override
    def forward(self, matrix: Tensor, /) -> Tensor:
        self.indicators = self.weighting(matrix).detach()
        rows = len(self.indicators)
        self._num_tasks = max(self._num_tasks, rows)
        number = self.num_groups
        if number is not None:
            check_num_groups(number, self._num_tasks)
            number = min(number, rows)
        self.grouping = assign_groups(self.indicators, number, self.clustering)
        return self.grouping.task_weights

    @override
    def reset(self) -> None:
        """Forget the Jacobians seen so far, and let the weighting and the clustering forget them."""
        self._num_tasks = 0
        self.grouping = self.indicators = None
        reset_parts(self)
