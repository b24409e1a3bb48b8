"""
Your own method
===============

Any function from losses to an objective is a method, in a class of four lines; with ``GroupedScalarizer`` around it
the tasks of a group share one weight.
"""

# %%
# A task's weight is the derivative of the objective in its loss: nothing has to be said about it. State that
# training depends on belongs into a buffer, which is then saved and resumed with the callback.

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Scalarizer

from lightning_go4align import MultiTaskModule
from lightning_go4align.methods import GroupedScalarizer


class SquareRoots(Scalarizer):
    """Damp large losses: each task weighs one over twice the root of its loss."""

    def forward(self, losses: Tensor, /) -> Tensor:
        return losses.sqrt().sum()


class Regression(MultiTaskModule):
    """Four regression tasks of one network."""

    def __init__(self, method: Scalarizer) -> None:
        super().__init__(method)
        self.network = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 4))

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        features, targets = batch
        losses = (self.network(features) - targets).square().mean(0)
        return {f"target_{column}": loss for column, loss in enumerate(losses)}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-2)


def main(max_epochs: int = 5) -> Regression:
    pl.seed_everything(0, verbose=False)
    features = torch.randn(256, 8)
    targets = features @ torch.randn(8, 4) * torch.tensor([1.0, 1.0, 5.0, 30.0])
    module = Regression(GroupedScalarizer(SquareRoots(), num_groups=2))
    trainer = pl.Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(TensorDataset(features, targets), batch_size=32))
    print("groups:", [int(group) for group in module.groups.values()])
    return module


if __name__ == "__main__":
    main()
