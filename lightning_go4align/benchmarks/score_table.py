"""What a test ends with: a table that a person reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from rich import get_console
from rich.table import Table
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.changes import add_relative_changes, comparison
from lightning_go4align.metrics import DeltaM
from lightning_go4align.module import MultiTaskMixin
from lightning_go4align.update.misconfiguration import MisconfigurationException


class ScoreTable(Callback):
    """Ends a test with a table of the metrics against single-task networks.

    It suits the modules that compare themselves by a ``DeltaM`` named ``delta_m``, as those of the paper do. A
    module's ``units`` become a column. Where each task has one metric that bears its name, so do the tasks' weights,
    means over the training steps, and, after a fit in the same process, their groups in the last step, 0 being the
    lightest; if the method has them.

    Args:
        title: What was measured.

    Example:
        >>> trainer = Trainer(callbacks=[ScoreTable()], logger=False, enable_checkpointing=False, accelerator="cpu")
    """

    prints_results = True  # go4align leaves Lightning's own table out.

    def __init__(self, title: str = "Test") -> None:
        self.title = title
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.weight_sum = torch.zeros(())
        self.num_steps = 0

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.global_step == 0:
            self._begin_anew()

    @override
    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        record = pl_module.last_step if isinstance(pl_module, MultiTaskMixin) else None
        if record is not None and record.weights is not None:
            self.weight_sum = self.weight_sum.to(record.weights.device) + record.weights
            self.num_steps += 1

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"weight_sum": self.weight_sum, "num_steps": self.num_steps}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.weight_sum, self.num_steps = state_dict["weight_sum"], state_dict["num_steps"]

    @override
    @rank_zero_only
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        score = getattr(pl_module, "delta_m", None)
        if not isinstance(score, DeltaM):
            raise MisconfigurationException(
                f"ScoreTable shows what a module's `delta_m` compares, but {type(pl_module).__name__} has no such "
                "metric. Take it out of `trainer.callbacks`."
            )
        values = {name: trainer.callback_metrics[f"test/{name}"] for name in score.names}
        evaluation = getattr(pl_module, "evaluation", None)  # NYUv2's and CityScapes': how errors are averaged
        title = self.title if evaluation is None else f"{self.title}; errors: {evaluation.name}"
        units: Mapping[str, str] = getattr(pl_module, "units", {})
        table = score_table(title, values, comparison(pl_module), units, self._treatment(pl_module, score.names))
        get_console().print(table)  # The progress bar's own console: another would write into its line.

    def _treatment(self, module: LightningModule, names: Sequence[str]) -> dict[str, list[str]]:
        """Mean weight and group of each task, as far as the method has them."""
        columns: dict[str, list[str]] = {}
        if not isinstance(module, MultiTaskMixin) or list(module.multi_task_callback.tasks) != list(names):
            return columns
        if self.num_steps:
            columns["weight"] = [f"{weight:.2f}" for weight in (self.weight_sum / self.num_steps).tolist()]
        record = module.last_step
        if record is not None and record.grouping is not None:
            columns["group"] = [str(group) for group in record.grouping.assignment.tolist()]
        return columns


MADE_UP = "The data is made up: published numbers say nothing of it."
_CAPTION = "∆m: the mean of how much worse each is; lower is better, below 0 beats single-task networks."


def score_table(
    title: str,
    values: Mapping[str, Tensor],
    score: DeltaM | None = None,
    units: Mapping[str, str] | None = None,
    treatment: Mapping[str, Sequence[str]] | None = None,
) -> Table:
    """Lay out metrics against those of single-task networks.

    Args:
        title: What was measured.
        values: The metrics, in the units of the score's baseline.
        score: What compares them; None for made-up data.
        units: Unit of each metric; no column if there is none.
        treatment: More columns at the end, with a cell for each metric.

    Returns:
        A table with a row for each metric, and with their mean change below if they are compared.

    Example:
        >>> values = {"miou": torch.tensor(60.0), "abs_err": torch.tensor(3.0)}
        >>> table = score_table("Test", values, DeltaM({"miou": 50.0, "abs_err": 2.0}, ["miou"]))
        >>> list(table.columns[3].cells), table.columns[3].footer
        (['-20.0 %', '+50.0 %'], '+15.0 %')
    """
    comparison, footers = ({}, {}) if score is None else _compared(values, score)
    columns = {
        "metric": list(values),
        **({"unit": [units[name] for name in values]} if units else {}),
        "value": [f"{value.item():.4g}" for value in values.values()],
        **comparison,
        **(treatment or {}),
    }
    table = Table(
        title=title,
        title_justify="left",
        caption=MADE_UP if score is None else _CAPTION,
        caption_justify="left",
        show_footer=score is not None,
    )
    for name in columns:
        table.add_column(name, footers.get(name, ""), justify="left" if name in ("metric", "unit") else "right")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _compared(values: Mapping[str, Tensor], score: DeltaM) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Columns of the comparison, and what stands below them."""
    changes = add_relative_changes(values, score)
    baseline = dict(zip(score.names, score.baseline.tolist(), strict=True))
    columns = {
        "single-task": [f"{baseline[name]:.4g}" for name in values],
        "worse by": [f"{changes[f'delta/{name}']:+.1f} %" for name in values],
    }
    return columns, {"metric": "∆m", "worse by": f"{changes['delta_m']:+.1f} %"}
