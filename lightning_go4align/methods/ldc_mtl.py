"""Weights from a small network that keeps the tasks' losses together."""

import torch
from torch import Tensor, nn
from torchjd import Stateful
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.indicators import valid_losses
from lightning_go4align.functional.values import on_values


class LDCMTL(Scalarizer, Stateful):
    r"""Control how far the losses drift apart (LDC-MTL; Xiao et al., 2025).

    Losses are compared with those of the first batch of their epoch, :math:`\ell^m = \log(L^m / L^m_0)`. A router, a
    small network on :math:`\ell`, gives weights by a softmax; model and router follow the gradient of

    .. math:: \frac{\sum_m w^m \ell^m}{\operatorname{const}(\sum_m w^m)}
              + \lambda \sum_{m < M} \big| w^m \ell^m - w^{m+1} \ell^{m+1} \big|

    The neighbours of the second sum are those of the tasks' order. The router learns with the model, as UW's
    parameters do, and begins with equal weights. ``step()`` closes an epoch, which ``MultiTaskCallback`` does. A task
    whose loss is not positive and finite has no part in the step: those beside it are neighbours then.

    Args:
        num_tasks: Number of tasks ``M``, at least 1.
        penalty: :math:`\lambda`, at least 0.
        width: Hidden units of the router, at least 1.

    Raises:
        ValueError: If an argument is out of range or the losses are not ``M``.

    Example:
        >>> method = LDCMTL(num_tasks=2)
        >>> objective = method(torch.tensor([1.0, 4.0]))
        >>> method(torch.tensor([0.5, 4.0]))  # (log(1/2) + 0) / 2 + |log(1/2)| / 2: none without `penalty`
        tensor(0., grad_fn=<AddBackward0>)
    """

    why_positive: str = "it takes the logarithm of L over its first value: a task whose loss is not has weight 0"
    supports_missing: bool = True
    initial_losses: Tensor
    begins: Tensor

    def __init__(self, num_tasks: int, penalty: float = 1.0, width: int = 16) -> None:
        super().__init__()
        self.num_tasks, self.width = as_integer("num_tasks", num_tasks, least=1), as_integer("width", width, least=1)
        self.penalty = non_negative("penalty", penalty)
        self.router = _new_router(self.num_tasks, self.width)
        self.register_buffer("initial_losses", torch.full((self.num_tasks,), torch.nan))
        self.register_buffer("begins", torch.ones((), dtype=torch.bool))

    def step(self) -> None:
        """Close an epoch: the next batch gives the losses to compare with."""
        self.begins = torch.ones_like(self.begins)

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        if losses.shape != (self.num_tasks,):
            raise ValueError(
                f"`num_tasks` is {self.num_tasks}, but the losses have shape {list(losses.shape)}. Correct it."
            )
        present, initial = on_values(LDCMTL._take_step, self, losses)
        # A NaN must be gone before the logarithm: 0 times its gradient would be NaN.
        safe = torch.where(present, losses, 1).to(initial.dtype)
        ratios = torch.where(present, (safe / torch.where(present, initial, 1)).log(), 0)
        weights = self.router(ratios.detach()).masked_fill(present.logical_not(), -torch.inf).softmax(0)
        weighed = torch.where(present, weights, 0) * ratios
        return weighed.sum() + self.penalty * _gaps(weighed, present).sum()

    def _take_step(self, losses: Tensor) -> tuple[Tensor, Tensor]:
        """Tell which tasks are there, and the losses that theirs are compared with."""
        values = losses.to(self.initial_losses)
        present = valid_losses(values)
        begins = present & (self.begins | self.initial_losses.isnan())
        self.initial_losses = torch.where(begins, values, self.initial_losses)
        self.begins = torch.zeros_like(self.begins)
        return present, self.initial_losses

    @override
    def reset(self) -> None:
        """Forget the losses seen so far and begin with equal weights."""
        self.initial_losses = torch.full_like(self.initial_losses, torch.nan)
        self.begins = torch.ones_like(self.begins)
        self.router.load_state_dict(_new_router(self.num_tasks, self.width).state_dict())

    @override
    def __repr__(self) -> str:
        return f"LDCMTL(num_tasks={self.num_tasks}, penalty={self.penalty}, width={self.width})"


def _gaps(weighed: Tensor, present: Tensor) -> Tensor:
    """Distances between tasks that are there and the next of these, shape ``[M - 1]``; 0 for those that are not."""
    order = present.logical_not().to(torch.uint8).argsort(stable=True)
    return torch.where(present[order][1:], weighed[order].diff().abs(), 0)


def _new_router(num_tasks: int, width: int) -> nn.Sequential:
    """The same at each call, and without effect on what the model draws."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        last = nn.Linear(width, num_tasks)
        router = nn.Sequential(nn.Linear(num_tasks, width), nn.ReLU(), last)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return router
