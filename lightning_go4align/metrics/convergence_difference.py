"""How far apart the tasks converge (Fig. 2 of the paper)."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.relative import improved
from lightning_go4align.metrics.delta_m import check_known, stack_named
from lightning_go4align.metrics.precision import PreciseMetric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ConvergenceDifference(PreciseMetric):
    """Standard deviation over the metrics of the epochs in which they converge; 0 when all do so at once.

    A metric converges in the epoch in which it last improves by more than ``tolerance`` on its best value so
    far. One update is one epoch.

    Args:
        metrics: Names of the metrics, one or more a task.
        higher_is_better: Names of those that are better when higher.
        tolerance: Share of the best value by which an improvement must exceed it, at least 0.

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
    full_state_update = True
    plot_lower_bound = 0.0
    best: Tensor
    epochs: Tensor
    epoch: Tensor
    rises: Tensor

    def __init__(
        self, metrics: Sequence[str], higher_is_better: Collection[str] = (), tolerance: float = 0.01
    ) -> None:
        super().__init__(sync_on_compute=False)  # of values of whole epochs, the same on every rank
        check_known(higher_is_better, metrics)
        self.names, self.tolerance = tuple(metrics), tolerance
        rises = torch.tensor([name in higher_is_better for name in metrics], dtype=torch.bool)
        self.register_buffer("rises", rises, persistent=False)
        self.add_state("best", torch.full((len(metrics),), torch.nan, dtype=torch.float64), dist_reduce_fx=None)
        self.add_state("epochs", torch.ones(len(metrics), dtype=torch.int64), dist_reduce_fx=None)
        self.add_state("epoch", torch.zeros((), dtype=torch.int64), dist_reduce_fx=None)

    @override
    def update(self, values: Mapping[str, Tensor | float]) -> None:
        stacked = stack_named(values, self.names, self.best.device)
        better = improved(stacked, self.best, self.rises, self.tolerance)
        self.epoch += 1
        self.best = torch.where(better, stacked, self.best)
        self.epochs = torch.where(better, self.epoch, self.epochs)

    @override
    def compute(self) -> Tensor:
        return self.epochs.float().std(correction=0)

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
        values = [val] if isinstance(val, Tensor) else val
        return plot_lines([[value.item()] for value in values], ["difference"], ax)
