"""Eq. 3 with a number of groups that the indicators themselves ask for."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.choice import UNKNOWN, choose_groups
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.lasting import movable


class AutomaticKMeans(nn.Module):
    """Exact K-means with as many groups as there is most evidence for, over the steps so far.

    At each call the indicators score every number of groups, see ``group_number_criterion``. The scores, less that of
    one group, are averaged exponentially: by the present ones alone the number flickers on up to a fifth of the
    steps.
    The average is saved with the method that has this clustering; two methods need one each.

    Args:
        max_groups: The largest number of groups, at least 1; with fewer tasks there are at most as many as tasks.
        momentum: Share of the past in the average, from 0 to below 1.

    Attributes:
        criterion: The averaged scores of 1, 2, ... ``max_groups`` groups; the largest float where there is none yet.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> clustering = AutomaticKMeans()
        >>> clustering(torch.tensor([0.010, 0.011, 0.012, 0.9, 1.0, 1.1])).num_occupied
        tensor(2)
    """

    chooses_number: bool = True
    criterion: Tensor

    def __init__(self, max_groups: int = 8, momentum: float = 0.9) -> None:
        super().__init__()
        self.max_groups = as_integer("max_groups", max_groups, least=1)
        self.momentum = non_negative("momentum", momentum)
        if self.momentum >= 1:
            raise ValueError(f"`momentum` must be below 1, but is {momentum!r}.")
        self.register_buffer("criterion", torch.full((self.max_groups,), UNKNOWN, dtype=torch.float32))

    @override
    def forward(self, points: Tensor, num_clusters: None = None) -> Grouping:
        if num_clusters is not None:
            raise ValueError(
                f"`num_clusters` must be None, since AutomaticKMeans chooses it, but is {num_clusters!r}. "
                "`max_groups` bounds it."
            )
        return choose_groups(points.detach(), self._movable(points), self.momentum)

    def scores_of(self, points: Tensor) -> tuple[int, Tensor]:
        """Lay out the averaged scores for a step that moves them in place.

        Args:
            points: What is clustered, shape ``[M]``.

        Returns:
            The largest number of groups, and the scores of 1, 2, ... of that many, where the points are.
        """
        known = self._movable(points)[: points.numel()]
        return len(known), known

    def _movable(self, points: Tensor) -> Tensor:
        before = self.criterion
        criterion = movable(before, points)
        if criterion is not before:
            self.criterion = criterion
        return criterion

    def reset(self) -> None:
        """Forget the indicators seen so far."""
        self.criterion = torch.full_like(self.criterion, UNKNOWN)

    def from_former(self, scores: Tensor) -> Tensor:
        """Read the average that was saved when this clustering was an option of ``GO4Align``.

        Args:
            scores: Averaged scores of 1, 2, ... groups, as many as there are tasks or 8.

        Returns:
            What ``criterion`` would hold.
        """
        scores = (scores - scores[:1])[: self.max_groups]
        return pad(scores, (0, self.max_groups - len(scores)), value=UNKNOWN)

    @override
    def extra_repr(self) -> str:
        return f"max_groups={self.max_groups}, momentum={self.momentum}"
