"""Weights that are learned until the tasks' gradients are alike."""

import torch
from torch import Tensor, nn
from torchjd import Stateful
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.values import on_values
from lightning_go4align.methods.observation import gradients_in, sum_over_ranks


class GradNorm(Scalarizer, Stateful):
    r"""Learn weights that bring the tasks' gradients to sizes set by their pace (GradNorm; Chen et al., ICML 2018).

    With :math:`g^m` the gradient of task :math:`m` in the shared representation, the weights
    :math:`w = M \operatorname{softmax}(p)` and the pace
    :math:`r^m = \frac{L^m}{L^m_0} \big/ \operatorname{mean}_i \frac{L^i}{L^i_0}`, the parameters :math:`p` follow the
    gradient of

    .. math:: \sum_m \Big| w^m \lVert g^m \rVert
              - \operatorname{mean}_i\big(w^i \lVert g^i \rVert\big) (r^m)^\alpha \Big|

    whose second term is held constant; the model follows :math:`\sum_m w^m L^m`. :math:`L_0` is the mean loss of the
    first epoch, during which all weights are 1, or the first loss of a task that comes later; losses of exactly 0
    are left out of it. ``step()`` closes an epoch, which ``MultiTaskCallback`` does. The
    parameters learn with the model, as UW's do; ``WithLearningRate`` sets their rate. The module names the
    heads that get the representation in ``task_heads()``, or returns it beside the losses,
    ``{"task_losses": {...}, "representation": features}``.

    Args:
        num_tasks: Number of tasks ``M``, at least 1.
        alpha: :math:`\alpha`, at least 0: how hard slow tasks are pulled; the paper has 1.5.

    Raises:
        ValueError: If an argument is out of range, the losses are not ``M``, or no representation was observed.

    Example:
        >>> features = torch.ones(2, 1, requires_grad=True)
        >>> method = GradNorm(num_tasks=2)
        >>> for epoch in range(2):
        ...     method.observe_representation(features)
        ...     objective = method(torch.stack([features.mean(), 3 * features.mean()]))
        ...     method.step()
        >>> objective.backward()
        >>> method.logits.grad.sign()  # the second task's gradient is the larger one
        tensor([-1.,  1.])
    """

    why_positive: str = "it raises L over its first value to a power: NaN where the sign changes"
    supports_missing: bool = True
    initial_losses: Tensor
    counts: Tensor
    epochs: Tensor

    def __init__(self, num_tasks: int, alpha: float = 1.5) -> None:
        super().__init__()
        num_tasks, self.alpha = as_integer("num_tasks", num_tasks, least=1), non_negative("alpha", alpha)
        self.logits = nn.Parameter(torch.zeros(num_tasks))
        self.register_buffer("initial_losses", torch.zeros(num_tasks))
        self.register_buffer("counts", torch.zeros(num_tasks))
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))
        self._representation: Tensor | None = None

    def observe_representation(self, representation: Tensor, /) -> None:
        """Take the shared representation of the batch, shape ``[B, ...]``, with its graph; before each call."""
        self._representation = representation

    def step(self) -> None:
        """Close an epoch; the first one gives the initial losses."""
        self.epochs = self.epochs + 1

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        if losses.shape != self.logits.shape:
            raise ValueError(
                f"`num_tasks` is {len(self.logits)}, but the losses have shape {list(losses.shape)}. Correct it."
            )
        gradients, self._representation = gradients_in(self._representation, losses), None
        present, counted, ratios = on_values(GradNorm._take_step, self, losses)
        weights = torch.where(self.epochs == 0, 1, len(losses) * self.logits.softmax(0))
        norms = sum_over_ranks(gradients.flatten(1).to(self.logits).square().sum(1)).sqrt()
        sizes = torch.where(counted, weights * norms, 0)
        distance = (sizes - self._targets(sizes.detach(), ratios, counted)).abs().sum()
        # The difference is 0: it carries the gradient that the weights learn from, and no other.
        return weighted_risk(losses, weights.detach() * present) + (distance - distance.detach())

    def _take_step(self, losses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tell which tasks are there, which of them have a pace, and their losses over the initial ones."""
        values = losses.to(self.initial_losses)
        first, present = self.epochs == 0, values.isfinite()
        learning = present & (values != 0) & (first | (self.counts == 0))
        self.counts = self.counts + learning
        mean = self.initial_losses + torch.where(learning, values - self.initial_losses, 0) / self.counts.clamp(min=1)
        self.initial_losses = mean
        counted = present & ~first & (self.counts > 0)
        return present, counted, torch.where(counted, values / mean, 0)

    def _targets(self, sizes: Tensor, ratios: Tensor, counted: Tensor) -> Tensor:
        number = counted.sum().clamp(min=1)
        paces = ratios / (ratios.sum() / number)
        return torch.where(counted, sizes.sum() / number * paces.pow(self.alpha), 0)

    @override
    def reset(self) -> None:
        """Forget the initial losses and what was learned."""
        with torch.no_grad():
            self.logits.zero_()
        self.initial_losses, self.counts = torch.zeros_like(self.counts), torch.zeros_like(self.counts)
        self.epochs = torch.zeros_like(self.epochs)
        self._representation = None

    @override
    def __repr__(self) -> str:
        return f"GradNorm(num_tasks={len(self.logits)}, alpha={self.alpha})"
