"""Which targets, data, precisions, schedules and baselines the QM9 module refuses, and how it says so."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lightning import LightningDataModule
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.qm9 import (
    QM9DataModule,
    QM9Module,
    WarmupCosine,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval"),
]


def test_a_cosine_without_a_last_step_is_refused(data: QM9DataModule, make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer(max_epochs=-1, max_time={"seconds": 0}, enable_checkpointing=False)
    with pytest.raises(MisconfigurationException, match=r"Set `trainer.max_epochs` or `trainer.max_steps`"):
        trainer.fit(QM9Module(Sum(), schedule=WarmupCosine()), datamodule=data)


def test_unknown_target_is_told() -> None:
    with pytest.raises(ValueError, match=r"holds 'gap'. Correct `model.targets`"):
        QM9Module(Sum(), targets=["gap"])


def test_other_data_are_refused(make_trainer: Callable[..., Trainer]) -> None:
    class OtherData(LightningDataModule):
        train_dataloader = val_dataloader = lambda self: [0]

    with pytest.raises(MisconfigurationException, match="Pass `datamodule=QM9DataModule"):
        make_trainer(enable_checkpointing=False).fit(QM9Module(Sum()), datamodule=OtherData())


@pytest.mark.parametrize("precision", ["16-true", "bf16-true"])
def test_targets_in_half_precision_are_refused(
    data: QM9DataModule, make_trainer: Callable[..., Trainer], precision: str
) -> None:
    with pytest.raises(MisconfigurationException, match=r"Set `trainer.precision` to bf16-mixed"):
        make_trainer(enable_checkpointing=False, precision=precision).fit(QM9Module(Sum()), datamodule=data)


def test_a_baseline_without_a_target_that_is_trained_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stl.json"
    file.write_text('{"errors": {"mu": 0.5}}')
    with pytest.raises(ValueError, match=r"lacks \['alpha'\]\. Train them too"):
        QM9Module(Sum(), targets=["mu", "alpha"], baseline=str(file))
