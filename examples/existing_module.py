"""Balance a LightningModule that exists already: its step returns a mapping, the Trainer gets one callback."""

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from lightning_go4align import GO4Align, MultiTaskCallback


class Rooms(pl.LightningModule):
    """Three properties of a room from eight features."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh())
        self.depth, self.area, self.price = (torch.nn.Linear(32, 1) for _ in range(3))

    def training_step(self, batch, batch_idx):
        features, targets = batch
        hidden = self.trunk(features)
        heads = {"depth": self.depth, "area": self.area, "price": self.price}
        return {
            task: (head(hidden)[:, 0] - targets[:, column]).square().mean()
            for column, (task, head) in enumerate(heads.items())
        }

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-2)


def main(max_epochs: int = 5) -> MultiTaskCallback:
    pl.seed_everything(0, verbose=False)
    features = torch.randn(256, 8)
    targets = features @ torch.randn(8, 1) * torch.tensor([1.0, -1.0, 30.0])  # Two tasks alike, one far larger.
    balance = MultiTaskCallback(GO4Align(num_groups=2))
    trainer = pl.Trainer(
        max_epochs=max_epochs,
        gradient_clip_val=1.0,  # nothing that the Trainer offers is lost
        accumulate_grad_batches=2,
        callbacks=[balance],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Rooms(), DataLoader(TensorDataset(features, targets), batch_size=32))
    for task, weight in balance.task_weights.items():
        print(f"{task:>6}: weight {weight:.3f}")
    return balance


if __name__ == "__main__":
    main()
