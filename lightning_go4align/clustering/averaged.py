"""What clusterings that choose their number of groups have in common: averaged scores of each number."""

from abc import abstractmethod

import torch
from torch import Tensor
from torchjd import Stateful
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.choice import UNKNOWN
from lightning_go4align.functional.grouping import Grouping, check_num_clusters
from lightning_go4align.functional.lasting import WideBuffers, movable
from lightning_go4align.functional.values import in_memory


class AveragedEvidence(WideBuffers, Stateful):
    """Choose the number of groups by scores that are averaged over the steps so far.

    Args:
        max_groups: The largest number of groups, at least 1; with fewer tasks there are at most as many as tasks.
        momentum: Share of the past in the average, from 0 to below 1.

    Attributes:
        criterion: The averaged scores of 1, 2, ... ``max_groups`` groups; the largest float where there is none yet.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.
    """

    chooses_number: bool = True
    criterion: Tensor

    def __init__(self, max_groups: int = 8, momentum: float = 0.9) -> None:
        super().__init__()
        self.max_groups = as_integer("max_groups", max_groups, least=1)
        self.momentum = non_negative("momentum", momentum, below=1)
        self.register_buffer("criterion", torch.full((self.max_groups,), UNKNOWN, dtype=torch.float32))

    @abstractmethod
    def choose(self, points: Tensor) -> Grouping:
        """Take one step: move the averaged scores and group by the best number.

        Args:
            points: Points, shape ``[M]``, without graph; NaN for an absent task.

        Returns:
            The grouping.
        """

    @override
    def forward(self, points: Tensor, num_clusters: None = None) -> Grouping:
        if num_clusters is not None:
            raise ValueError(
                f"`num_clusters` must be None, since {type(self).__name__} chooses it, but is {num_clusters!r}. "
                "`max_groups` bounds it."
            )
        check_num_clusters(points, 1)
        return self.choose(in_memory(points.detach()))

    def scores_of(self, points: Tensor) -> tuple[int, Tensor]:
        """Lay out the averaged scores for a step that moves them in place.

        Args:
            points: What is clustered, shape ``[M]``.

        Returns:
            The largest number of groups, and the scores of 1, 2, ... of that many, where the points are.
        """
        before = self.criterion
        criterion = movable(before, points)
        if criterion is not before:
            self.criterion = criterion
        known = criterion[: points.numel()]
        return len(known), known

    @override
    def reset(self) -> None:
        """Forget the indicators seen so far."""
        self.criterion = torch.full_like(self.criterion, UNKNOWN)

    @override
    def extra_repr(self) -> str:
        return f"max_groups={self.max_groups}, momentum={self.momentum}"
