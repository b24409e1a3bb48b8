"""What is tested after a fit is what was validated."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import callbacks
from torch import Tensor
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer

from lightning_go4align import MultiTaskCallback
from lightning_go4align.cli.weights_to_test import weights_to_test


def fitted(tmp_path: Path, monitor: str | None, *others: Any) -> tuple[str | None, Toy, dict[str, Any]]:
    checkpoint = callbacks.ModelCheckpoint(tmp_path, monitor=monitor, mode="max")  # The first epoch has the largest.
    module = Toy()
    trainer = quiet_trainer(
        callbacks=[MultiTaskCallback(Sum()), checkpoint, *others], max_epochs=3, enable_checkpointing=True
    )
    trainer.fit(module, loader())
    return weights_to_test(trainer, module), module, torch.load(checkpoint.best_model_path, weights_only=False)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_the_best_checkpoint_is_tested_if_one_is_monitored(tmp_path: Path) -> None:
    path, _, checkpoint = fitted(tmp_path, "loss/a")
    assert equal(torch.load(str(path), weights_only=False)["state_dict"], checkpoint["state_dict"])
    assert fitted(tmp_path / "unmonitored", None)[0] is None


@pytest.mark.parametrize("options", [{}, {"save_top_k": 0, "save_last": True}], ids=["last", "none but the last"])
def test_another_checkpoint_before_it_is_not_the_best(tmp_path: Path, options: dict[str, Any]) -> None:
    plain = callbacks.ModelCheckpoint(tmp_path / "plain", **options)
    monitored = callbacks.ModelCheckpoint(tmp_path / "best", monitor="loss/a", mode="max")
    trainer = quiet_trainer(
        callbacks=[MultiTaskCallback(Sum()), plain, monitored], max_epochs=2, enable_checkpointing=True
    )
    module = Toy()
    trainer.fit(module, loader())
    assert Path(str(weights_to_test(trainer, module))).parent == tmp_path / "best"


@pytest.mark.skipif(not hasattr(callbacks, "EMAWeightAveraging"), reason="since Lightning 2.6")
def test_of_averaged_weights_those_of_the_best_checkpoint_are_tested(tmp_path: Path) -> None:
    path, module, checkpoint = fitted(tmp_path, "loss/a", callbacks.EMAWeightAveraging(decay=0.9))
    assert path is None
    assert equal(module.state_dict(), checkpoint["state_dict"])
    assert not equal(module.state_dict(), checkpoint["current_model_state"])
