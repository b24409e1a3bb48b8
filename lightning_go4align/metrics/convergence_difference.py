"""How far apart the tasks converge (Fig. 2 of the paper)."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.functional.convergence import improved, spread_of_epochs
from lightning_go4align.metrics.named import NamedMetric
from lightning_go4align.metrics.states import as_state
from lightning_go4align.metrics.successive import Successive
from lightning_go4align.metrics.values import curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ConvergenceDifference(Successive, NamedMetric):
    """Standard deviation over the metrics of the epochs in which they converge; 0 when all do so at once.

    A metric converges in the epoch in which it last improves by more than ``tolerance`` on its best value so
    far. One that was NaN in every epoch is left out, and 0 in ``epochs``; NaN if all were. One update is one epoch.
    ``forward`` returns the difference so far, since one epoch alone has none.

    Args:
        metrics: Names of the metrics, one or more a task.
        maximize: Names of those that are better when higher.
        tolerance: Share of the best value by which an improvement must exceed it, at least 0.
        higher_is_better: The former name of ``maximize``.
        kwargs: torchmetrics' own; ``sync_on_compute`` is False unless given, since every rank sees values of whole
            epochs.

    Example:
        >>> difference = ConvergenceDifference(["u0", "gap"])
        >>> for u0, gap in [(4.0, 9.0), (2.0, 5.0), (1.999, 3.0)]:
        ...     difference.update({"u0": u0, "gap": gap})
        >>> difference.compute()
        tensor(0.5000)
        >>> difference.epochs
        tensor([2, 3])
    """

    higher_is_better = False
    is_differentiable = False
    plot_lower_bound = 0.0
    best: Tensor
    epochs: Tensor
    epoch: Tensor
    arguments: Tensor

    def __init__(
        self,
        metrics: Sequence[str],
        maximize: Collection[str] = (),
        tolerance: float = 0.01,
        *,
        higher_is_better: Collection[str] | None = None,
        **kwargs: Any,
    ) -> None:
        non_negative("tolerance", tolerance)
        tolerance = float(tolerance)
        super().__init__(metrics, maximize, higher_is_better, (tolerance,), **{"sync_on_compute": False, **kwargs})
        self.tolerance = tolerance
        self.add_state("arguments", as_state(self.made_with), dist_reduce_fx="max")
        # Of equal values the largest is any of them; on ranks that see different ones, the last to converge counts.
        self.add_state("best", torch.full((len(metrics),), torch.nan, dtype=torch.float64), dist_reduce_fx="max")
        self.add_state("epochs", torch.zeros(len(metrics), dtype=torch.int64), dist_reduce_fx="max")
        self.add_state("epoch", torch.zeros((), dtype=torch.int64), dist_reduce_fx="max")

    @override
    def update(self, values: Mapping[str, Tensor | float]) -> None:
        stacked = self.stacked(values)
        before = self.before()
        better = improved(stacked, before["best"], self.maximize, self.tolerance)
        self.epoch = before["epoch"] + 1
        self.best = torch.where(better, stacked.to(self.best.dtype), before["best"])
        # Checkpoints of before say 1 of a metric without a value.
        self.epochs = torch.where(better, self.epoch, before["epochs"]).masked_fill(self.best.isnan(), 0)

    @override
    def _merge(self, states: dict[str, Any]) -> None:
        raise RuntimeError(
            "A ConvergenceDifference cannot be merged: which of the other's epochs improve on the best values here "
            "depends on each of its values, and it keeps the best alone. Update one metric with every epoch."
        )

    @override
    def compute(self) -> Tensor:
        return spread_of_epochs(self.epochs.float())

    @override
    def plot(
        self, val: Tensor | Sequence[Tensor] | None = None, ax: "Axes | None" = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot when each metric converged, or a curve of differences.

        Args:
            val: Results of ``compute``, one an epoch; the epochs of all metrics are drawn if not given.
            ax: Where to draw; a new figure if not given.
        """
        from lightning_go4align.plots.metrics import plot_lines, plot_spread

        if val is None:
            return plot_spread(self.epochs.tolist(), self.names, ax)
        return plot_lines(curve_of(val), ["difference"], ax)
