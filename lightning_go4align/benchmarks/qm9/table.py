"""What a test ends with: a table that a person reads."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.table import Table
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.targets import TARGETS
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.relative import relative_changes


@runtime_checkable
class GroupingMethod(Protocol):
    """A method that groups its tasks; None before its first step."""

    grouping: Grouping | None
    task_weights: Tensor | None


class ErrorTable(Callback):
    """Prints the test errors, their change against single-task networks, and how the method treated the tasks.

    The groups are those of the last training step, counted from the lightest; weights are means over all steps.
    Both are known after a fit in the same process, for methods that group.

    Args:
        baseline: Errors of single-task networks by target, in published units.

    Example:
        >>> ErrorTable({"mu": 0.5, "homo": 200.0}).print({"mu": 0.6, "homo": 210.0})
        <BLANKLINE>
        QM9...
    """

    def __init__(self, baseline: Mapping[str, float]) -> None:
        self.baseline = dict(baseline)
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
        self.print({name: float(trainer.callback_metrics[f"test/{name}"]) for name in self.baseline})

    def print(self, errors: Mapping[str, float]) -> None:
        """Print the table of these errors, in published units."""
        Console().print(self._table(errors))

    def _table(self, errors: Mapping[str, float]) -> Table:
        values = torch.tensor([errors[name] for name in self.baseline])
        single_task = torch.tensor(list(self.baseline.values()))
        changes = relative_changes(values, single_task, torch.zeros(len(values), dtype=torch.bool))
        table = Table(title="QM9, mean absolute errors of the test", show_footer=True)
        table.add_column("target", footer="∆m")
        table.add_column("unit")
        table.add_column("error", justify="right")
        table.add_column("single-task", justify="right")
        table.add_column("change", justify="right", footer=f"{changes.mean():+.1f} %")
        table.add_column("group", justify="right")
        table.add_column("mean weight", justify="right")
        units = {target.name: target.unit for target in TARGETS}
        for task, (name, error) in enumerate(errors.items()):
            change = f"{changes[task]:+.1f} %"
            table.add_row(
                name, units[name], f"{error:.4g}", f"{self.baseline[name]:.4g}", change, *self._treatment(task)
            )
        return table

    def _treatment(self, task: int) -> tuple[str, str]:
        """Group and mean weight of a task, if known."""
        if self.groups is None:
            return "", ""
        return str(int(self.groups[task])), f"{self.weight_sum[task] / self.num_steps:.2f}"
