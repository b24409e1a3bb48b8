"""The paper's score against single-task learning."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.relative import relative_changes
from lightning_go4align.metrics.named import NamedMetric
from lightning_go4align.metrics.states import as_state
from lightning_go4align.metrics.values import as_scalar, curve_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class DeltaM(NamedMetric):
    r"""Mean relative change against single-task networks, :math:`\Delta m\%`; negative beats them.

    Values of several updates are averaged before they are compared.

    Args:
        baseline: Metric of the single-task network for each name, in the metric's own unit, finite and not 0.
        maximize: Names of the metrics that are better when higher.
        higher_is_better: The former name of ``maximize``.
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> score = DeltaM({"miou": 50.0, "abs_err": 2.0}, maximize=["miou"])
        >>> score.update({"miou": 60.0, "abs_err": 3.0})
        >>> score.compute()
        tensor(15.)
        >>> score.changes()
        {'miou': tensor(-20.), 'abs_err': tensor(50.)}
    """

    higher_is_better = False
    is_differentiable = False
    full_state_update = False
    total: Tensor
    count: Tensor
    baseline: Tensor
    arguments: Tensor

    def __init__(
        self,
        baseline: Mapping[str, float],
        maximize: Collection[str] = (),
        *,
        higher_is_better: Collection[str] | None = None,
        **kwargs: Any,
    ) -> None:
        single_task = check_baseline(baseline)
        numbers = tuple(single_task.values())
        super().__init__(single_task, maximize, higher_is_better, numbers, **kwargs)
        values = torch.tensor(numbers, dtype=torch.float64)
        self.register_buffer("baseline", values, persistent=False)
        self.add_state("arguments", as_state(self.made_with), dist_reduce_fx="max")
        self.add_state("total", torch.zeros_like(values), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, values: Mapping[str, Tensor | float]) -> None:
        self.total += self.stacked(values)
        self.count += 1

    @override
    def compute(self) -> Tensor:
        return self._changes().mean().float()

    def changes(self) -> dict[str, Tensor]:
        """Relative change of each metric, in percent, of this process's values: unlike ``compute`` it never syncs."""
        return dict(zip(self.names, self._changes().float().unbind(), strict=True))

    def _changes(self) -> Tensor:
        return relative_changes(self.total / self.count, self.baseline, self.maximize)

    @override
    def plot(
        self, val: Tensor | Sequence[Tensor] | None = None, ax: "Axes | None" = None
    ) -> "tuple[Figure | None, Axes]":
        """Plot the changes of all metrics in this process, or a curve of scores.

        Args:
            val: Results of ``compute``, one an epoch; the changes of all metrics are drawn if not given.
            ax: Where to draw; a new figure if not given.
        """
        from lightning_go4align.plots.metrics import plot_changes, plot_score

        if val is None:
            return plot_changes([change.item() for change in self.changes().values()], self.names, ax)
        return plot_score(curve_of(val), ax)


def check_baseline(baseline: Mapping[str, float]) -> dict[str, float]:
    """Refuse values to which no change can be relative.

    Args:
        baseline: Metric of the single-task network for each name.

    Returns:
        The same as numbers.

    Raises:
        TypeError: If it is no mapping to numbers.
        ValueError: If it is empty, or a value is 0 or not finite.

    Example:
        >>> check_baseline({"miou": torch.tensor(38.5)})
        {'miou': 38.5}
    """
    if not isinstance(baseline, Mapping):
        raise TypeError(
            f"`baseline` must map each metric to its single-task value, but is a {type(baseline).__name__}. Write "
            "for example {'miou': 38.3}."
        )
    if not baseline:
        raise ValueError("`baseline` must name at least one metric, but is empty.")
    found = {name: as_scalar(value, name).item() for name, value in baseline.items()}
    refused = {name: value for name, value in found.items() if value == 0 or not math.isfinite(value)}
    if refused:
        raise ValueError(
            f"`baseline` must hold finite values other than 0, to which changes are relative, but has "
            f"{refused}. Leave these metrics out or measure them in another unit."
        )
    return found
