"""The paper's MR: the mean rank of a method among others."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.relative import mean_rank
from lightning_go4align.metrics.named import NamedMetric, check_names
from lightning_go4align.metrics.states import as_state
from lightning_go4align.metrics.values import curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class MeanRank(NamedMetric):
    """Mean over the metrics of each method's rank; ties share the better one.

    The ranks depend on the set of methods: print it beside them. A method without values ranks last. A method that
    several processes have measured gets the mean of its values. ``forward`` returns the ranks with no other method
    measured than the one it is given.

    Args:
        methods: Names of the compared methods.
        metrics: Names of the metrics in which they are compared.
        maximize: Names of the metrics that are better when higher.
        higher_is_better: The former name of ``maximize``.
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> ranks = MeanRank(["LS", "GO4Align"], ["miou", "abs_err"], maximize=["miou"])
        >>> ranks.update("LS", {"miou": 39.3, "abs_err": 0.55})
        >>> ranks.update("GO4Align", {"miou": 40.4, "abs_err": 0.55})
        >>> ranks.compute()
        tensor([1.5000, 1.0000])
    """

    higher_is_better = False
    is_differentiable = False
    full_state_update = True
    values: Tensor
    arguments: Tensor

    def __init__(
        self,
        methods: Sequence[str],
        metrics: Sequence[str],
        maximize: Collection[str] = (),
        *,
        higher_is_better: Collection[str] | None = None,
        **kwargs: Any,
    ) -> None:
        known = check_names(methods, "methods")
        super().__init__(metrics, maximize, higher_is_better, known, **kwargs)
        self.methods = known
        unknown = torch.full((len(self.methods), len(self.names)), torch.nan, dtype=torch.float64)
        self.add_state("arguments", as_state(self.made_with), dist_reduce_fx="max")
        self.add_state("values", unknown, dist_reduce_fx=partial(torch.nanmean, dim=0))

    @override
    def update(self, method: str, values: Mapping[str, Tensor | float]) -> None:
        if method not in self.methods:
            raise ValueError(f"The compared methods are {list(self.methods)}, but values of {method!r} were given.")
        self.values[self.methods.index(method)] = self.stacked(values)

    @override
    def _merge(self, states: dict[str, Any]) -> None:
        later: Tensor = states["values"]
        is_measured = ~later.isnan().all(1, keepdim=True)
        self.values = torch.where(is_measured, later, self.values)

    @override
    def compute(self) -> Tensor:
        return mean_rank(self.values, self.maximize).float()

    @override
    def plot(
        self, val: Tensor | Sequence[Tensor] | None = None, ax: "Axes | None" = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot the mean ranks, or curves of them.

        Args:
            val: A result of ``compute``, or several of them for curves; computed if not given.
            ax: Where to draw; a new figure if not given.
        """
        from lightning_go4align.plots.metrics import plot_lines, plot_ranks

        ranks = self.compute() if val is None else val
        if isinstance(ranks, Tensor) and ranks.numel() == len(self.methods):
            return plot_ranks(curve_of(ranks), self.methods, ax)
        return plot_lines(curve_of(ranks), self.methods, ax)
