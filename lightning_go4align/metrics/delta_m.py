"""The paper's score against single-task learning."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.functional.precision import widest
from lightning_go4align.functional.relative import relative_changes
from lightning_go4align.metrics.precision import PreciseMetric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CPU = torch.device("cpu")


class DeltaM(PreciseMetric):
    r"""Mean relative change against single-task networks, :math:`\Delta m\%`; negative beats them.

    Values of several updates are averaged before they are compared.

    Args:
        baseline: Metric of the single-task network for each name, in the metric's own unit, finite and not 0.
        higher_is_better: Names of the metrics that are better when higher.

    Example:
        >>> score = DeltaM({"miou": 50.0, "abs_err": 2.0}, higher_is_better=["miou"])
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
    rises: Tensor

    def __init__(self, baseline: Mapping[str, float], higher_is_better: Collection[str] = ()) -> None:
        super().__init__()
        _check_baseline(baseline, higher_is_better)
        self.names = tuple(baseline)
        self.register_buffer("baseline", torch.tensor(list(baseline.values()), dtype=torch.float64), persistent=False)
        rises = torch.tensor([name in higher_is_better for name in baseline], dtype=torch.bool)
        self.register_buffer("rises", rises, persistent=False)
        self.add_state("total", torch.zeros(len(baseline), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, values: Mapping[str, Tensor | float]) -> None:
        self.total += stack_named(values, self.names, self.total.device)
        self.count += 1

    @override
    def compute(self) -> Tensor:
        return self._changes().mean().float()

    def changes(self) -> dict[str, Tensor]:
        """Relative change of each metric, in percent, of this process's values: unlike ``compute`` it never syncs."""
        return dict(zip(self.names, self._changes().float().unbind(), strict=True))

    def _changes(self) -> Tensor:
        return relative_changes(self.total / self.count, self.baseline, self.rises)

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
        return plot_score([score.item() for score in ([val] if isinstance(val, Tensor) else val)], ax)


def stack_named(values: Mapping[str, Tensor | float], names: Sequence[str], device: torch.device = _CPU) -> Tensor:
    """Line up named scalars.

    Args:
        values: A scalar for each name, any order.
        names: The names that must be there, and no others.
        device: Where to put them; the CPU if not given.

    Returns:
        The scalars in the order of ``names``, shape ``[S]``, in the widest dtype of the device.

    Raises:
        ValueError: If a name is missing or unknown.

    Example:
        >>> stack_named({"b": 2.0, "a": torch.tensor(1.0)}, ["a", "b"])
        tensor([1., 2.], dtype=torch.float64)
    """
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names]
    if missing or unknown:
        raise ValueError(
            f"Values of exactly the metrics {list(names)} are needed, but {missing} are missing and "
            f"{unknown} are unknown. Give each name of the baseline once."
        )
    given = [values[name] for name in names]
    # What is on MPS becomes float64 elsewhere only.
    moved = [value.to(device) if isinstance(value, Tensor) and value.is_mps else value for value in given]
    return torch.stack([torch.as_tensor(value, dtype=widest(device), device=device).detach() for value in moved])


def _check_baseline(baseline: Mapping[str, float], higher_is_better: Collection[str]) -> None:
    if not baseline:
        raise ValueError("`baseline` must name at least one metric, but is empty.")
    refused = {name: value for name, value in baseline.items() if value == 0 or not math.isfinite(value)}
    if refused:
        raise ValueError(
            f"`baseline` must hold finite values other than 0, to which changes are relative, but has "
            f"{refused}. Leave these metrics out or measure them in another unit."
        )
    check_known(higher_is_better, baseline)


def check_known(higher_is_better: Collection[str], names: Collection[str]) -> None:
    """Refuse directions of metrics that do not exist.

    Args:
        higher_is_better: Names of the metrics that are better when higher.
        names: Names of all metrics.

    Raises:
        ValueError: If a direction names no metric.

    Example:
        >>> check_known(["miou"], ["miou", "abs_err"])
    """
    unknown = [name for name in higher_is_better if name not in names]
    if unknown:
        raise ValueError(f"`higher_is_better` names {unknown}, but the metrics are {list(names)}. Correct the names.")
