"""Test a network and train it a few steps, as one process or one of two; rank 0 prints what came out, as JSON."""

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer, seed_everything
from torchjd.scalarization import FAMO

from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN, GeneratedCityScapes
from lightning_go4align.benchmarks.dense_prediction import LastEpochsMonitor
from lightning_go4align.benchmarks.dense_prediction.prediction_monitor import PredictionMonitor
from lightning_go4align.benchmarks.score_table import ScoreTable
from lightning_go4align.methods import GO4Align
from lightning_go4align.monitors import GroupDynamicsMonitor

METHODS = {"GO4Align": lambda: GO4Align(num_groups=2), "FAMO": lambda: FAMO(2)}


def main(ranks: int, folder: Path, method: str) -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    seed_everything(0, verbose=False)
    module = CityScapesModule(METHODS[method](), CityScapesMTAN([4, 4, 4, 4, 4]))  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
    data = GeneratedCityScapes(num_train=8, num_test=4, cache=str(folder), batch_size=2, size=(32, 64))
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
    }
    trainer = Trainer(
        accelerator="cpu",
        devices=ranks,
        strategy="ddp" if ranks > 1 else "auto",
        max_epochs=1,
        default_root_dir=folder,
        callbacks=[
            LastEpochsMonitor(epochs=1),
            GroupDynamicsMonitor(),
            ScoreTable(),
            PredictionMonitor(num_images=1),
        ],
        **quiet,
    )
    (before,) = trainer.test(module, datamodule=data, verbose=False)
    trainer.fit(module, datamodule=data)
    weights = torch.cat([parameter.detach().flatten() for parameter in module.parameters()])
    assert module.multi_task_callback.last_step is not None
    signals = module.multi_task_callback.last_step.weights
    assert signals is not None
    everywhere = trainer.strategy.all_gather(torch.cat([weights, signals])).view(ranks, -1)
    if trainer.is_global_zero:
        gap = (everywhere - everywhere[0]).abs().max().item()
        print(json.dumps({"test": before, "steps": trainer.global_step, "gap": gap}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
