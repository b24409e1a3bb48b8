"""Every method trains two epochs of a little of QM9, by its file on the command line and as a callback."""

import csv
import math
import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from methods.eleven_tasks import METHODS, build
from torch import Tensor

from lightning_go4align import MultiTaskCallback
from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule
from lightning_go4align.cli import MultiTaskCLI
from lightning_go4align.methods import SingleTask

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Lightning's and the solvers', in short runs on little data.
]
EPOCHS, STEPS = 2, 4  # in an epoch
SLOW_LEARNERS = ("db_mtl", "excess_mtl")  # Batches differ by more than they learn in eight steps.
ZPVE = 5  # The target that STL trains: others hardly move in eight steps.
DATA: dict[str, Any] = {"num_train": 16 * STEPS, "num_val": 16, "num_test": 16, "batch_size": 16, "num_chunks": 1}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["go4align"])


class Plain(pl.LightningModule):
    """QM9 in a module that knows nothing of the plugin."""

    def __init__(self) -> None:
        super().__init__()
        self.network = DenseMPNN(11, edge_width=32)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        mean, std = self.trainer.datamodule.normalisation  # type: ignore[attr-defined]  # Lightning sets it.
        losses = (self.network(batch) - (batch.y - mean) / std).square().mean(0)
        return {f"target {number}": loss for number, loss in enumerate(losses)}

    def task_heads(self) -> torch.nn.Module:
        return self.network.get_submodule("heads")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 1e-3)


def mean_log_losses(tmp_path: Path, name: str) -> list[float]:
    """Of each epoch, from the log of the run."""
    (log,) = tmp_path.rglob("metrics.csv")
    with log.open() as file:
        rows = [row for row in csv.DictReader(file) if row.get("loss/zpve") or row.get(f"loss/target {ZPVE}")]
    assert len(rows) == EPOCHS * STEPS
    chosen = ("loss/zpve", f"loss/target {ZPVE}") if name == "stl" else "loss/"
    losses = [[math.log(float(row[key])) for key in row if key.startswith(chosen)] for row in rows]
    by_step = [sum(row) / len(row) for row in losses]
    return [sum(by_step[epoch * STEPS : (epoch + 1) * STEPS]) / STEPS for epoch in range(EPOCHS)]


@pytest.mark.parametrize("name", METHODS)
def test_file_of_a_method_is_all_that_the_command_line_needs(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    configs = request.config.rootpath / "configs" / "qm9"
    files = [f"--config={configs / file}.yaml" for file in ("base", "quick", name)]
    data = [f"--data.init_args.{key}={value}" for key, value in DATA.items()]
    short = [f"--trainer.max_epochs={EPOCHS}", "--trainer.log_every_n_steps=1", "--trainer.accelerator=cpu"]
    task = ["--model.init_args.targets=[zpve]"] if name == "stl" else []
    cli = MultiTaskCLI(args=["fit", *files, *data, *short, *task])
    first, last = mean_log_losses(tmp_path, name)
    assert last < first or name in SLOW_LEARNERS
    assert cli.trainer.callback_metrics["test/delta_m"].isfinite()


@pytest.mark.parametrize("name", METHODS)
def test_method_trains_a_plain_module(name: str, tmp_path: Path) -> None:
    pl.seed_everything(0)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        log_every_n_steps=1,
        logger=CSVLogger(tmp_path),
        callbacks=MultiTaskCallback(SingleTask(ZPVE) if name == "stl" else build(METHODS[name])),
        limit_val_batches=0,
    )
    trainer.fit(Plain(), datamodule=QM9DataModule(**DATA))
    first, last = mean_log_losses(tmp_path, name)
    assert last < first or name in SLOW_LEARNERS
