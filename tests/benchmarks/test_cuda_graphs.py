"""The callback that captures a network; what it captures needs a GPU, what it refuses does not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from lightning_go4align.benchmarks.cuda_graphs import CUDAGraphCallback


class Squares(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

    @override
    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        loss: torch.Tensor = self.network(batch[0]).square().mean()
        return loss

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def fitted(folder: Path, **settings: Any) -> list[torch.Tensor]:
    torch.manual_seed(0)
    module = Squares()
    options: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "max_epochs": 2,
    }
    trainer = Trainer(devices=1, default_root_dir=folder, enable_model_summary=False, **options, **settings)
    trainer.fit(module, DataLoader(TensorDataset(torch.randn(10, 4)), batch_size=4))
    return [parameter.detach().cpu() for parameter in module.parameters()]


@pytest.mark.parametrize(
    ("settings", "advice"), [({"accelerator": "cpu"}, "set `trainer.accelerator: gpu`")], ids=["CPU"]
)
def test_what_cannot_be_captured_is_refused(settings: dict[str, Any], advice: str, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=advice):
        fitted(tmp_path, callbacks=[CUDAGraphCallback()], **settings)


@pytest.mark.gpu
def test_a_captured_network_learns_as_the_plain_one_does(tmp_path: Path) -> None:
    captured = fitted(tmp_path, accelerator="gpu", callbacks=[CUDAGraphCallback()])
    for own, other in zip(captured, fitted(tmp_path, accelerator="gpu"), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-6, atol=1e-7)
