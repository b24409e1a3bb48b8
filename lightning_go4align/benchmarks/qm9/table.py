"""What a test ends with: a table that a person reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from rich.console import Console
from rich.table import Table
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.module import QM9Module
from lightning_go4align.benchmarks.qm9.targets import TARGETS
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.relative import relative_changes


@runtime_checkable
class GroupingMethod(Protocol):
    """A method that groups its tasks; None before its first step."""

    grouping: Grouping | None
    task_weights: Tensor | None


class ErrorTable(Callback):
    """Ends a test of QM9Module with a table: the errors against single-task networks, and the tasks' treatment.

    Groups are those of the last training step, 0 being the lightest; weights are means over all steps. Both are
    shown after a fit in the same process with a method that groups.

    Example:
        >>> from lightning import Trainer
        >>> trainer = Trainer(callbacks=[ErrorTable()], logger=False, enable_checkpointing=False)
    """

    def __init__(self) -> None:
        self.groups: Tensor | None = None
        self.weight_sum = torch.zeros(())
        self.num_steps = 0

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        method = getattr(pl_module, "method", None)
        if isinstance(method, GroupingMethod) and method.grouping is not None and method.task_weights is not None:
            self.groups = method.grouping.assignment
            self.weight_sum = self.weight_sum.to(method.task_weights.device) + method.task_weights
            self.num_steps += 1

    @override
    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not isinstance(pl_module, QM9Module):
            raise MisconfigurationException(
                f"ErrorTable shows the errors of QM9Module, not of {type(pl_module).__name__}. "
                "Take it out of `trainer.callbacks`."
            )
        errors = {name: float(trainer.callback_metrics[f"test/{name}"]) for name in pl_module.baseline}
        Console().print(error_table(errors, pl_module.baseline, self._treatments()))

    def _treatments(self) -> list[tuple[str, str]]:
        """Group and mean weight of each task, if there are any."""
        if self.groups is None:
            return []
        weights = (self.weight_sum / self.num_steps).tolist()
        return [(str(group), f"{weight:.2f}") for group, weight in zip(self.groups.tolist(), weights, strict=True)]


def error_table(
    errors: Mapping[str, float], baseline: Mapping[str, float], treatments: Sequence[tuple[str, str]] = ()
) -> Table:
    """Lay out errors against those of single-task networks.

    Args:
        errors: Mean absolute error of each target, in published units.
        baseline: The same of single-task networks.
        treatments: Group and mean weight of each target.

    Returns:
        A table with a row for each target, and with their mean change below.

    Example:
        >>> table = error_table({"mu": 0.6, "homo": 210.0}, {"mu": 0.5, "homo": 200.0})
        >>> list(table.columns[4].cells), table.columns[4].footer
        (['+20.0 %', '+5.0 %'], '+12.5 %')
    """
    units = {target.name: target.unit for target in TARGETS}
    values, single_task = torch.tensor(list(errors.values())), torch.tensor([baseline[name] for name in errors])
    changes = relative_changes(values, single_task, torch.zeros(len(values), dtype=torch.bool))
    table = Table(title="QM9: mean absolute errors of the test", show_footer=True)
    table.add_column("target", footer="∆m")
    table.add_column("unit")
    for name in ("error", "single-task"):
        table.add_column(name, justify="right")
    table.add_column("change", justify="right", footer=f"{changes.mean():+.1f} %")
    for name in ("group", "weight")[: 2 * bool(treatments)]:
        table.add_column(name, justify="right")
    for name, change, treatment in zip(errors, changes.tolist(), treatments or [()] * len(errors), strict=True):
        numbers = (f"{errors[name]:.4g}", f"{baseline[name]:.4g}", f"{change:+.1f} %")
        table.add_row(name, units[name], *numbers, *treatment)
    return table
