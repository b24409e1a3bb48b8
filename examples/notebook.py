"""
Which tasks travel together: the groups of a run in a notebook
==============================================================

``GroupDynamicsMonitor`` records each step's groups. In a notebook its history and the package's pictures show at
once what happened; download this page as a notebook to try it.
"""

# %%
# A run to look at
# ----------------
#
# Six tasks on one network, three of them alike and three of another scale.

import logging
import tempfile
import warnings

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_go4align import GroupDynamicsMonitor, MultiTaskCallback, RobustGO4Align

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", ".*does not have many workers.*")
warnings.filterwarnings("ignore", ".*LeafSpec.*")
torch.set_num_threads(1)
pl.seed_everything(0, verbose=False)

TASKS = ["left eye", "right eye", "nose", "age", "height", "weight"]


class Faces(pl.LightningModule):
    """Six regressions on one trunk."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 6))

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        features, targets = batch
        losses = (self.network(features) - targets).square().mean(0)
        return dict(zip(TASKS, losses, strict=True))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


features = torch.randn(1024, 8)
scales = torch.tensor([1.0, 1.0, 1.2, 10.0, 9.0, 12.0])
targets = torch.tanh(features) @ torch.randn(8, 6) * scales
callback = MultiTaskCallback(RobustGO4Align(num_groups=2))
monitor = GroupDynamicsMonitor(num_pictures=0)
trainer = pl.Trainer(
    max_epochs=8,
    callbacks=[callback, monitor],
    default_root_dir=tempfile.mkdtemp(),
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(Faces(), DataLoader(TensorDataset(features, targets), batch_size=32))

# %%
# The monitor shows itself: mean weight, last loss and last group of each task, and how weight and group went.

monitor

# %%
# The callback knows the last step. Its fields, such as ``callback.last_step.weights``, are tensors in the order of
# the tasks; ``callback.task_weights`` and ``callback.groups`` hold them by name.

print(callback.last_step)

# %%
# The history
# -----------
#
# ``monitor.history`` holds plain NumPy arrays: of sampled steps (all of them, as long as there are few) the groups,
# the weights and the losses, and counts that are exact over all steps.

history = monitor.history
history.total, history.groups.shape, history.weights.shape

# %%
# In which share of all steps two tasks were in one group:

history.shares.round(2)

# %%
# Pictures
# --------
#
# Each picture is a function from a history to a matplotlib figure, which a notebook shows without
# ``%matplotlib inline``; ``monitor.plot()`` draws all of them. Which group each task was in, step by step:

from lightning_go4align import plots

plots.assignment(history)

# %%
# Who was with whom how often:

plots.co_assignment(history)

# %%
# The weights over the run, and each task's share of the objective after weighing:

plots.weights(history)

# %%

plots.risks_after(history)

# %%
# A run on disk is loaded in the same way, ``History.load("lightning_logs/version_0")``, and ``go4align report
# lightning_logs/version_0`` makes one page of all pictures: see `how to read it <../start/read_the_report.html>`_.
