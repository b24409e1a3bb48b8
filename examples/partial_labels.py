"""
Partial labels
==============

Molecules, patients, users: not every sample has a label of every task. A task that a batch has no label of is left
out of that step. It gets no weight, its state is kept, and the others are weighed as if they were all.
"""

# %%
# Data with holes
# ---------------
#
# Four tasks, of which the last two have labels for 5 % of the samples only. NaN marks a label that is not there.

import logging
import warnings

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_go4align import MultiTaskCallback, RobustGO4Align

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", ".*does not have many workers.*")
warnings.filterwarnings("ignore", ".*LeafSpec.*")
torch.set_num_threads(1)
pl.seed_everything(0, verbose=False)

TASKS = ["solubility", "lipophilicity", "toxicity", "half-life"]
features = torch.randn(1024, 8)
targets = torch.tanh(features) @ torch.randn(8, 4) * torch.tensor([1.0, 0.3, 5.0, 40.0])
labelled = torch.rand(1024, 4) < torch.tensor([1.0, 1.0, 0.05, 0.05])
targets = targets.where(labelled, torch.nan)
labelled.sum(0).tolist()

# %%
# A step that leaves tasks out
# ----------------------------
#
# A loss is the mean over the samples that have a label. Where none has, the task is None. Two things matter:
#
# - NaN must not reach the loss: select the labelled samples *before* computing, as here. The gradient of a NaN is
#   NaN even if its weight is 0.
# - None, or leaving the name out, says "absent". A loss of 0 would say "perfect".


class Assays(pl.LightningModule):
    """Four regressions, each from the samples that have its label."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, len(TASKS)))
        self.seen = dict.fromkeys(TASKS, 0)

    def training_step(
        self, batch: tuple[Tensor, ...], batch_idx: int
    ) -> dict[str, Tensor | None]:
        features, targets = batch
        predictions = self.network(features)
        losses = {}
        for column, task in enumerate(TASKS):
            known = targets[:, column].isfinite()
            self.seen[task] += bool(known.any())
            error = predictions[known, column] - targets[known, column]
            losses[task] = error.square().mean() if known.any() else None
        return losses

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


# %%
# ``tasks`` declares all names, so that it does not matter which of them the first batch holds.

balance = MultiTaskCallback(RobustGO4Align(), tasks=TASKS)
trainer = pl.Trainer(
    max_epochs=10,
    callbacks=[balance],
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
module = Assays()
trainer.fit(module, DataLoader(TensorDataset(features, targets), batch_size=16))

# %%
# In how many of the 640 steps each task was present, and what it weighed in the last one; an absent task weighs 0.

module.seen

# %%

{task: round(weight.item(), 4) for task, weight in balance.task_weights.items()}

# %%
# With several ranks a task counts as present where any rank has it. Batches of one task each, as several data
# loaders give them (``CombinedLoader``), work in the same way: return the one loss that there is.
