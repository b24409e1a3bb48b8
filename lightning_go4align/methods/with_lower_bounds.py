"""Losses that can be negative, for a method that needs positive ones."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_list, finite
from lightning_go4align.functional.losses import check_losses
from lightning_go4align.methods.around import AroundScalarizer
from lightning_go4align.methods.learning import learning_after_step


class WithLowerBounds(AroundScalarizer):
    r"""Measure each loss from a bound that it never reaches: the method sees :math:`L^m - b^m`, which is positive.

    The gradient of a loss does not change by a constant. The bound is a fact of the problem, such as the likelihood
    of a model that is certain; where none is known ``RobustGO4Align`` needs none.

    Args:
        method: A scalarizer that needs positive losses, such as UW, IMTL-L or SI.
        bounds: For each task a number below all of its losses; 0 for a loss that is positive anyway.

    Raises:
        TypeError: If ``method`` is no scalarizer, or ``bounds`` are no numbers.
        ValueError: If one is not finite, their number is not that of the tasks, or the method sees losses by another
            way (FAMO).

    Example:
        >>> from lightning_go4align.methods import SI
        >>> losses = torch.tensor([-6.0, 4.0], requires_grad=True)
        >>> WithLowerBounds(SI(), [-10.0, 0.0])(losses).backward()
        >>> losses.grad  # 1 / (-6 + 10) and 1 / 4
        tensor([0.2500, 0.2500])
    """

    for_aggregators: str = (
        "A bound changes no gradient: leave `WithLowerBounds` out. If it is DB-MTL, whose losses must be positive, "
        "subtract the bound within the loss."
    )
    bounds: Tensor

    def __init__(self, method: Scalarizer, bounds: Sequence[float]) -> None:
        super().__init__(method)
        if learning_after_step(method):
            raise ValueError(
                f"{method} is shown the losses once more after the step, without bounds. Give it its own, "
                "`FAMO(..., min_losses=torch.tensor([...]))`."
            )
        numbers = [finite("bounds", bound) for bound in as_list("bounds", bounds)]
        self.register_buffer("bounds", torch.tensor(numbers, dtype=torch.float64), persistent=False)

    @property
    def task_weights(self) -> Tensor | None:
        """The last weights, shape ``[M]``; None if the method does not tell them."""
        return getattr(self.method, "task_weights", None)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses)
        if losses.numel() != len(self.bounds):
            raise ValueError(
                f"`bounds` must hold one number for each of the {losses.numel()} tasks, but holds "
                f"{len(self.bounds)}. Change their number."
            )
        objective: Tensor = self.method(losses - self.bounds.to(losses).reshape(losses.shape))
        return objective

    @override
    def __repr__(self) -> str:
        return f"WithLowerBounds({self.method!r}, bounds={self.bounds.tolist()})"
