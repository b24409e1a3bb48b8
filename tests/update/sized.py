"""Three tasks of given losses, and what is said of them."""

import warnings
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from toy import quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback

TASKS = ("large", "one", "two")


class Sized(pl.LightningModule):
    """Three tasks that no training moves, of given losses.

    Args:
        sizes: The loss of each task, or what gives it from the batch's number.
    """

    def __init__(self, *sizes: Any) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.sizes = sizes

    @override
    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor | None]:
        nothing = 0 * self.layer(batch[0]).sum()
        sizes = [size(batch_idx) if callable(size) else size for size in self.sizes]
        return {task: None if size is None else nothing + size for task, size in zip(TASKS, sizes, strict=True)}

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.0)


class Told(pl.Callback):
    """Writes down after which batch there was how much to hear."""

    def __init__(self, caught: list[warnings.WarningMessage]) -> None:
        self.caught, self.after = caught, list[int]()

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.after.append(len(messages(self.caught)))


def messages(caught: list[warnings.WarningMessage]) -> list[str]:
    return [text for text in (str(warning.message) for warning in caught) if "ask '" in text]


def heard(method: Any, *sizes: Any, steps: int, **options: Any) -> tuple[list[str], list[int]]:
    """Return the warnings about tasks, and how many there had been after each batch."""
    data = DataLoader(TensorDataset(torch.ones(steps, 1)), batch_size=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        told = Told(caught)
        quiet_trainer(callbacks=[MultiTaskCallback(method), told], max_epochs=1, **options).fit(Sized(*sizes), data)
    return messages(caught), told.after
