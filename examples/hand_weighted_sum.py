"""
From a hand-weighted sum to a balanced module
=============================================

You have a LightningModule with several losses and constants in front of them that somebody tuned once. This page
takes such a module, measures it, removes the constants, and lets a method find the weights while it trains.
"""

# %%
# The module as it is
# -------------------
#
# Three properties of a room from eight features, each in a unit of its own: squared errors of the area are a
# hundred times those of the depth, and errors of the price, in thousands, four hundred times smaller. ``0.01`` and
# ``100`` are the constants that somebody tuned.

import logging
import warnings

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", ".*does not have many workers.*")
warnings.filterwarnings("ignore", ".*LeafSpec.*")
torch.set_num_threads(1)

UNITS = torch.tensor([1.0, 10.0, 0.05])
TASKS = ("depth", "area", "price")


class Rooms(pl.LightningModule):
    """Three regressions on one trunk, weighted by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 64), nn.Tanh())
        self.heads = nn.ModuleDict({task: nn.Linear(64, 1) for task in TASKS})

    def losses(self, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        features, targets = batch
        hidden = self.trunk(features)
        return {
            task: (self.heads[task](hidden)[:, 0] - targets[:, column]).square().mean()
            for column, task in enumerate(TASKS)
        }

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> STEP_OUTPUT:
        losses = self.losses(batch)
        return losses["depth"] + 0.01 * losses["area"] + 100 * losses["price"]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


# %%
# Some data, and a function that trains a module and tells which share of each target's variance is left unexplained.


def rooms(count: int, seed: int) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, 8, generator=generator)
    truth = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    return TensorDataset(features, (torch.tanh(features) @ truth) * UNITS)


def train(module: Rooms, *callbacks: pl.Callback, max_epochs: int = 15) -> dict[str, float]:
    trainer = pl.Trainer(
        max_epochs=max_epochs,
        callbacks=list(callbacks),
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(rooms(1024, seed=1), batch_size=32))
    features, targets = rooms(1024, seed=2).tensors
    with torch.no_grad():
        errors = module.losses((features, targets))
    return {
        task: round((errors[task] / targets[:, column].var()).item(), 3)
        for column, task in enumerate(TASKS)
    }


pl.seed_everything(0, verbose=False)
by_hand = train(Rooms())
by_hand

# %%
# The module with one line changed
# --------------------------------
#
# Its step returns the losses by name instead of their sum. There is nothing to tune in it any more.


class BalancedRooms(Rooms):
    """The same network; how its losses are balanced is nobody's business here."""

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        return self.losses(batch)


# %%
# The plain sum is the method to compare with first: ``Sum`` through the callback does what Lightning does with a
# step that returns the sum, to the bit. Without the constants the area drowns the others.

from torchjd.scalarization import Sum

from lightning_go4align import MultiTaskCallback, RobustGO4Align

pl.seed_everything(0, verbose=False)
plain = train(BalancedRooms(), MultiTaskCallback(Sum()))
plain

# %%
# Now a method that finds the weights. A single callback, and the trainer keeps all that it had.

pl.seed_everything(0, verbose=False)
balance = MultiTaskCallback(RobustGO4Align())
balanced = train(BalancedRooms(), balance)
balanced

# %%
# What it did
# -----------
#
# The weights of the last step: nobody had to find ``0.01`` and ``100``.

{task: round(weight.item(), 4) for task, weight in balance.task_weights.items()}

# %%
# Side by side, the share of the variance that is not explained (lower is better):

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
runs = {"by hand": by_hand, "plain sum": plain, "RobustGO4Align": balanced}
for place, (name, errors) in enumerate(runs.items()):
    columns = [column + 0.27 * place for column in range(3)]
    bars = axes.bar(columns, list(errors.values()), width=0.25, label=name)
axes.set_xticks([column + 0.27 for column in range(3)], TASKS)
axes.set_ylabel("unexplained variance")
_ = axes.legend(frameon=False)

# %%
# ``RobustGO4Align`` knows no units: in meters or in millimetres, the weights make up for it. The paper's
# ``GO4Align``, to the letter, compares raw losses and adds them up. `How to choose a method
# <../howto/choose_a_method.html>`_ says which suits whom, and what a plain sum is better for.
