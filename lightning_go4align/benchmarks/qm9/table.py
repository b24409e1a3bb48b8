"""What a test ends with: a table that a person reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.module import QM9Module
from lightning_go4align.benchmarks.qm9.targets import TARGETS
from lightning_go4align.functional.relative import relative_changes


class ErrorTable(Callback):
    """Ends a test of QM9Module with a table: the errors against single-task networks, and the tasks' treatment.

    Weights are means over the training steps, groups those of the last one, 0 being the lightest. They are shown
    after a fit in the same process, if the method has them.

    Example:
        >>> from lightning import Trainer
        >>> trainer = Trainer(callbacks=[ErrorTable()], logger=False, enable_checkpointing=False)
    """

    prints_results = True  # go4align leaves Lightning's own table out.

    def __init__(self) -> None:
        self.weight_sum = torch.zeros(())
        self.num_steps = 0

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        signals = _module(pl_module).multi_task_callback.signals
        if signals is not None and signals.weights is not None:
            self.weight_sum = self.weight_sum.to(signals.weights.device) + signals.weights
            self.num_steps += 1

    @override
    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        module = _module(pl_module)
        errors = {name: float(trainer.callback_metrics[f"test/{name}"]) for name in module.targets}
        Console().print(error_table(errors, module.baseline, self._treatment(module)))

    def _treatment(self, module: QM9Module) -> dict[str, list[str]]:
        """Mean weight and group of each task, as far as the method has them."""
        columns = {}
        if self.num_steps:
            columns["weight"] = [f"{weight:.2f}" for weight in (self.weight_sum / self.num_steps).tolist()]
        signals = module.multi_task_callback.signals
        if signals is not None and signals.grouping is not None:
            columns["group"] = [str(group) for group in signals.grouping.assignment.tolist()]
        return columns


def error_table(
    errors: Mapping[str, float], baseline: Mapping[str, float], others: Mapping[str, Sequence[str]] | None = None
) -> Table:
    """Lay out errors against those of single-task networks.

    Args:
        errors: Mean absolute error of each target, in published units.
        baseline: The same of single-task networks.
        others: More columns, with a cell for each target.

    Returns:
        A table with a row for each target, and with their mean change below.

    Example:
        >>> table = error_table({"mu": 0.6, "homo": 210.0}, {"mu": 0.5, "homo": 200.0}, {"group": ["0", "1"]})
        >>> list(table.columns[4].cells), table.columns[4].footer
        (['+20.0 %', '+5.0 %'], '+12.5 %')
    """
    units = {target.name: target.unit for target in TARGETS}
    single_task = torch.tensor([baseline[name] for name in errors])
    values, falls = torch.tensor(list(errors.values())), torch.zeros(len(errors), dtype=torch.bool)
    changes = relative_changes(values, single_task, falls)
    columns = {
        "target": list(errors),
        "unit": [units[name] for name in errors],
        "error": [f"{error:.4g}" for error in errors.values()],
        "single-task": [f"{baseline[name]:.4g}" for name in errors],
        "change": [f"{change:+.1f} %" for change in changes.tolist()],
        **(others or {}),
    }
    footers = {"target": "∆m", "change": f"{changes.mean():+.1f} %"}
    table = Table(title="QM9: mean absolute errors of the test", show_footer=True)
    for name in columns:
        table.add_column(name, footers.get(name, ""), justify="left" if name in ("target", "unit") else "right")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _module(module: LightningModule) -> QM9Module:
    if not isinstance(module, QM9Module):
        raise MisconfigurationException(
            f"ErrorTable shows the errors of QM9Module, not of {type(module).__name__}. "
            "Take it out of `trainer.callbacks`."
        )
    return module
