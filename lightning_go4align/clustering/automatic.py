"""Eq. 3 with a number of groups that the indicators themselves ask for."""

from torch import Tensor
from torch.nn.functional import pad
from typing_extensions import override

from lightning_go4align.clustering.averaged import AveragedEvidence
from lightning_go4align.functional.choice import UNKNOWN, choose_groups
from lightning_go4align.functional.grouping import Grouping


class AutomaticKMeans(AveragedEvidence):
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
        >>> import torch
        >>> clustering = AutomaticKMeans()
        >>> clustering(torch.tensor([0.010, 0.011, 0.012, 0.9, 1.0, 1.1])).num_occupied
        tensor(2)
    """

    @override
    def choose(self, points: Tensor) -> Grouping:
        _, known = self.scores_of(points)
        return choose_groups(points, known, self.momentum)

    def from_former(self, scores: Tensor) -> Tensor:
        """Read the average that was saved when this clustering was an option of ``GO4Align``.

        Args:
            scores: Averaged scores of 1, 2, ... groups, as many as there are tasks or 8.

        Returns:
            What ``criterion`` would hold.
        """
        scores = (scores - scores[:1])[: self.max_groups]
        return pad(scores, (0, self.max_groups - len(scores)), value=UNKNOWN)
