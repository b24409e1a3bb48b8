"""A problem of eleven tasks, as many as QM9 has, and the methods of ``configs/qm9`` for it."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
import yaml
from jsonargparse import ArgumentParser
from torch import Tensor
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align import MultiTaskMixin

SCALES = 2.0 ** torch.arange(11) / 30


def method_of(path: Path) -> Any:
    """The ``model.method`` of a configuration; None if it has none."""
    content = yaml.safe_load(path.read_text())
    return content.get("model", {}).get("init_args", {}).get("method")


FILES = sorted((Path(__file__).parents[2] / "configs" / "qm9").glob("*.yaml"))
METHODS = {path.stem: method_of(path) for path in FILES if method_of(path) is not None}


def build(config: dict[str, Any]) -> Any:
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer | Aggregator)
    return parser.instantiate(parser.parse_object({"method": config})).method


class ElevenTasks(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = torch.nn.Linear(4, 8)
        self.heads = torch.nn.ModuleList(torch.nn.Linear(8, 1) for _ in SCALES)

    def training_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        features = self.trunk(batch).tanh()
        return {
            f"task {i}": (head(features) - 0.1 * i).square().mean() * scale + 0.01
            for i, (head, scale) in enumerate(zip(self.heads, SCALES, strict=True))
        }

    def task_heads(self) -> torch.nn.Module:
        return self.heads

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 1e-2)


class BalancedElevenTasks(MultiTaskMixin, ElevenTasks):
    pass


def batches(number: int) -> tuple[Tensor, ...]:
    rows = torch.randn(number * 16, 4, generator=torch.Generator().manual_seed(0))
    return tuple(rows.split(16))


def parameters(module: torch.nn.Module) -> Tensor:
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach()
