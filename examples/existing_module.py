"""Balance a LightningModule that exists already: its step returns a mapping, the Trainer gets one callback."""

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_go4align import MultiTaskCallback, RobustGO4Align


class Rooms(pl.LightningModule):
    """Three properties of a room from eight features."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 32), nn.Tanh())
        self.depth, self.area, self.price = (nn.Linear(32, 1) for _ in range(3))

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        features, targets = batch
        hidden = self.trunk(features)
        heads = {"depth": self.depth, "area": self.area, "price": self.price}
        return {
            task: (head(hidden)[:, 0] - targets[:, column]).square().mean()
            for column, (task, head) in enumerate(heads.items())
        }

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-2)


def task_losses(module: Rooms, data: TensorDataset) -> dict[str, float]:
    """The loss of each task on all of the data."""
    with torch.no_grad():
        losses = module.training_step(data.tensors, 0)
    return {task: loss.item() for task, loss in losses.items()}


def main(max_epochs: int = 60) -> dict[str, float]:
    """Train, and return what is left of each loss, as a share of where it began."""
    pl.seed_everything(0, verbose=False)
    features = torch.randn(256, 8)
    # Two tasks alike, one far larger.
    targets = features @ torch.randn(8, 1) * torch.tensor([1.0, -1.0, 30.0])
    data = TensorDataset(features, targets)
    # Any unit: no coefficient has to be found.
    balance = MultiTaskCallback(RobustGO4Align())
    trainer = pl.Trainer(
        max_epochs=max_epochs,
        gradient_clip_val=100.0,  # of the weighted losses: a task that is nearly learned has a steep one
        accumulate_grad_batches=2,  # nothing that the Trainer offers is lost
        callbacks=[balance],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Rooms()
    before = task_losses(module, data)
    trainer.fit(module, DataLoader(data, batch_size=32, shuffle=True))
    left = {task: loss / before[task] for task, loss in task_losses(module, data).items()}
    for task, weight in balance.task_weights.items():
        loss = f"loss {before[task]:8.2f}, of which {left[task]:.1%} is left"
        print(f"{task:>6}: weight {weight:8.4f}, {loss}")
    return left


if __name__ == "__main__":
    main()
