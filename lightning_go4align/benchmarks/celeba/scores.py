"""CelebA's test metric: the F1 score of each attribute."""

from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.metrics.precision import PreciseMetric


class AttributeScores(PreciseMetric):
    """F1 score of each attribute, shape ``[M]``, in [0, 1], at probability 0.5, from counts over the whole split.

    0 for an attribute that is neither there nor predicted; NaN for one of which a logit was NaN, which torchmetrics'
    ``MultilabelF1Score`` takes for an attribute that is not there.

    Args:
        num_attributes: ``M``.
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> scores = AttributeScores(num_attributes=2)
        >>> scores.update(torch.tensor([[2.0, torch.nan], [1.0, 1.0]]), torch.tensor([[1, 0], [0, 1]]))
        >>> scores.compute()
        tensor([0.6667,    nan])
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False
    plot_lower_bound, plot_upper_bound = 0.0, 1.0
    hits: Tensor
    mistakes: Tensor
    unknown: Tensor

    def __init__(self, num_attributes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("hits", "mistakes", "unknown"):
            self.add_state(name, torch.zeros(num_attributes, dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, logits: Tensor, attributes: Tensor) -> None:
        """Count a batch.

        Args:
            logits: Outputs of the network, shape ``[B, M]``.
            attributes: Whether each is there, shape ``[B, M]``.

        Raises:
            TypeError: If one is no tensor.
            ValueError: If the shapes are others.
        """
        check_tensors(logits=logits, attributes=attributes)
        if logits.dim() != 2 or logits.shape[1] != len(self.unknown) or logits.shape != attributes.shape:
            raise ValueError(
                f"Logits are compared with attributes, both [B, {len(self.unknown)}], but their shapes are "
                f"{list(logits.shape)} and {list(attributes.shape)}. Give one of each for each image."
            )
        found, there = logits > 0, attributes.bool()  # sigmoid(x) > 0.5
        self.hits += (found & there).sum(0)
        self.mistakes += (found != there).sum(0)
        self.unknown += logits.isnan().sum(0)

    @override
    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot a result of ``compute``, or several of them; computed if not given."""
        return self._plot(val, ax)

    @override
    def compute(self) -> Tensor:
        f1 = 2 * self.hits.float() / (2 * self.hits + self.mistakes).clamp(min=1)
        return f1.masked_fill(self.unknown > 0, torch.nan)
