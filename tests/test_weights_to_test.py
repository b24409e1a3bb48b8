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


@pytest.mark.parametrize(("monitor", "expected"), [("loss/a", "best"), (None, None)])
def test_without_averages_lightning_chooses(monitor: str | None, expected: str | None, tmp_path: Path) -> None:
    assert fitted(tmp_path, monitor)[0] == expected


@pytest.mark.skipif(not hasattr(callbacks, "EMAWeightAveraging"), reason="since Lightning 2.6")
def test_of_averaged_weights_those_of_the_best_checkpoint_are_tested(tmp_path: Path) -> None:
    path, module, checkpoint = fitted(tmp_path, "loss/a", callbacks.EMAWeightAveraging(decay=0.9))
    assert path is None
    assert equal(module.state_dict(), checkpoint["state_dict"])
    assert not equal(module.state_dict(), checkpoint["current_model_state"])
