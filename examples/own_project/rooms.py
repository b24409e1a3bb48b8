"""Your module and your data, as they may be: three properties of a room from eight features."""

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Scalarizer

from lightning_go4align import MultiTaskModule

UNITS = {"depth": 1.0, "area": 10.0, "price": 0.05}


class Rooms(MultiTaskModule):
    """Three regressions on one trunk.

    Args:
        method: What balances the tasks.
        learning_rate: Of Adam.
        width: Of the trunk.
    """

    def __init__(
        self, method: Scalarizer, learning_rate: float = 3e-3, width: int = 64
    ) -> None:
        super().__init__(method)
        self.learning_rate = learning_rate
        self.trunk = nn.Sequential(nn.Linear(8, width), nn.Tanh())
        self.heads = nn.ModuleDict({task: nn.Linear(width, 1) for task in UNITS})

    def losses(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        features, targets = batch
        hidden = self.trunk(features)
        return {
            task: nn.functional.mse_loss(self.heads[task](hidden)[:, 0], targets[:, k])
            for k, task in enumerate(UNITS)
        }

    def training_step(
        self, batch: tuple[Tensor, Tensor], batch_idx: int
    ) -> dict[str, Tensor]:
        return self.losses(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self._log_errors("val", batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self._log_errors("test", batch)

    def _log_errors(self, stage: str, batch: tuple[Tensor, Tensor]) -> None:
        """Log the share of each target's variance that is left, and their mean."""
        errors = {
            task: loss / UNITS[task] ** 2 for task, loss in self.losses(batch).items()
        }
        self.log_dict({f"{stage}/{task}": error for task, error in errors.items()})
        self.log(f"{stage}/error", torch.stack(list(errors.values())).mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)


class RoomsData(LightningDataModule):
    """Rooms that nobody has seen."""

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(0)
        features = torch.randn(1536, 8, generator=generator)
        mixing = torch.randn(8, 3, generator=generator) / 8**0.5
        noise = 0.2 * torch.randn(1536, 3, generator=generator)
        targets = (torch.sin(2 * features @ mixing) + noise) * torch.tensor(
            list(UNITS.values())
        )
        self.parts = TensorDataset(features, targets)

    def _loader(self, rows: range, shuffle: bool = False) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(TensorDataset(*self.parts[rows]), batch_size=64, shuffle=shuffle)

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return self._loader(range(512), shuffle=True)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return self._loader(range(512, 1024))

    def test_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return self._loader(range(1024, 1536))
