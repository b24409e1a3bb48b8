from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from lightning_go4align import GO4Align, MultiTaskCallback


class Toy(LightningModule):
    """Four tasks of different scale over one hidden layer."""

    def __init__(self, num_tasks: int = 4) -> None:
        super().__init__()
        self.num_tasks = num_tasks
        self.body = torch.nn.Linear(3, 8)
        self.heads = torch.nn.ModuleList(torch.nn.Linear(8, 1) for _ in range(num_tasks))

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        hidden = self.body(batch).relu()
        targets = ((index + 1) * batch.sum(1, keepdim=True) for index in range(self.num_tasks))
        pairs = zip(self.heads, targets, strict=True)
        return {f"task_{i}": (head(hidden) - y).square().mean() for i, (head, y) in enumerate(pairs)}

    def training_step(self, batch: Tensor) -> dict[str, Tensor]:
        return self.losses(batch)

    def validation_step(self, batch: Tensor) -> None:
        self.log_dict({f"val/{task}": loss for task, loss in self.losses(batch).items()})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-2)

    def train_dataloader(self) -> Any:
        data = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
        return torch.utils.data.DataLoader(data, batch_size=4)  # type: ignore[arg-type]  # A tensor is a map of its rows.

    val_dataloader = train_dataloader


@pytest.fixture
def toy() -> Toy:
    torch.manual_seed(0)
    return Toy()


@pytest.fixture
def fit(tmp_path: Path, toy: Toy) -> Callable[..., Trainer]:
    """A function that trains the toy on ten steps an epoch."""

    def fit(
        *callbacks: Callback,
        method: Any = None,
        logger: Any = False,
        max_epochs: int = 2,
        module: LightningModule | None = None,
        ckpt_path: Path | None = None,
        **arguments: Any,
    ) -> Trainer:
        trainer = Trainer(
            default_root_dir=tmp_path,
            callbacks=[MultiTaskCallback(method or GO4Align(num_groups=2, beta=0.01)), *callbacks],
            logger=logger,
            max_epochs=max_epochs,
            accelerator="cpu",
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=any("Checkpoint" in type(callback).__name__ for callback in callbacks),
            **{"log_every_n_steps": 5, **arguments},
        )
        trainer.fit(module or toy, ckpt_path=ckpt_path)
        return trainer

    return fit
