"""What a test ends with: a table that a person reads."""

from collections.abc import Mapping

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from rich.table import Table
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.changes import with_changes
from lightning_go4align.metrics import DeltaM


class ScoreTable(Callback):
    """Ends a test with a table of the metrics against single-task networks.

    It suits the modules that compare themselves by a ``DeltaM`` named ``delta_m``: NYUv2's, CityScapes', CelebA's.

    Example:
        >>> trainer = Trainer(callbacks=[ScoreTable()], logger=False, enable_checkpointing=False, accelerator="cpu")
    """

    prints_results = True  # go4align leaves Lightning's own table out.

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
        title = "Test" if evaluation is None else f"Test; errors: {evaluation.name}"
        Console().print(score_table(title, values, score))


def score_table(title: str, values: Mapping[str, Tensor], score: DeltaM) -> Table:
    """Lay out metrics against those of single-task networks.

    Args:
        title: What was measured.
        values: The metrics, in the units of the score's baseline.
        score: What compares them.

    Returns:
        A table with a row for each metric, and with their mean change below.

    Example:
        >>> import torch
        >>> values = {"miou": torch.tensor(60.0), "abs_err": torch.tensor(3.0)}
        >>> table = score_table("Test", values, DeltaM({"miou": 50.0, "abs_err": 2.0}, ["miou"]))
        >>> list(table.columns[3].cells), table.columns[3].footer
        (['-20.0 %', '+50.0 %'], '+15.0 %')
    """
    changes = with_changes(values, score)
    table = Table(title=title, title_justify="left", caption_justify="left", show_footer=True)
    table.add_column("metric", "∆m")
    for name, footer in {"value": "", "single-task": "", "change": f"{changes['delta_m']:+.1f} %"}.items():
        table.add_column(name, footer, justify="right")
    for name, single_task in zip(score.names, score.baseline.tolist(), strict=True):
        table.add_row(name, f"{values[name].item():.4g}", f"{single_task:.4g}", f"{changes[f'delta/{name}']:+.1f} %")
    return table
