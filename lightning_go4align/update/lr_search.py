"""What an LR finder watches, where a method holds its objective in place whatever the losses do."""

import lightning.pytorch as pl
import torch
from torch import Tensor

FINDER = "_LRCallback"  # Of lightning and of pytorch_lightning: in a search a trainer has no other callback.


class SearchedObjective:
    """Give an objective the value of the losses at the weights of a search's first step, and leave its gradient.

    Lightning's LR finder looks at values. Those of an objective whose weights follow the losses, or which is a sum of
    logarithms, tell of the weights and not of the learning rate: a search ended where no network had moved.

    Args:
        trainer: The trainer.

    Example:
        >>> SearchedObjective(pl.Trainer(logger=False))(torch.tensor(3.0), torch.tensor([1.0, 2.0]))
        tensor(3.)
    """

    def __init__(self, trainer: pl.Trainer) -> None:
        self._trainer = trainer
        self._weights: Tensor | None = None

    def __call__(self, objective: Tensor, losses: Tensor) -> Tensor:
        """Return the objective as it is to be seen.

        Args:
            objective: What the backward pass starts from, shape ``[]``.
            losses: Task losses with their graph, shape ``[M]``; NaN for an absent task.
        """
        callbacks: list[pl.Callback] = self._trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
        is_search = any(type(callback).__name__ == FINDER for callback in callbacks)
        if not (is_search and objective.requires_grad and losses.requires_grad):
            return objective
        if self._weights is None:
            [self._weights] = torch.autograd.grad(objective, [losses], retain_graph=True, materialize_grads=True)
        value = (self._weights * losses.detach()).nansum()
        return objective + (value - objective).detach()
