"""nequip as it is: energies and forces of small clusters, with clipping, accumulation and OneCycleLR."""

import tempfile
from pathlib import Path

import ase.io
import lightning.pytorch as pl
import numpy as np
from ase.calculators.lj import LennardJones
from nequip.data.datamodule import NequIPDataModule
from nequip.train import NequIPLightningModule
from nequip.utils.global_state import set_global_state

EPOCHS, BATCH, SEED = 10, 4, 0
SHAPE = np.array([[0, 0, 0], [1.2, 0, 0], [0, 1.2, 0], [0, 0, 1.2], [1.2, 1.2, 0]])
ONE_CYCLE = {
    "scheduler": {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "max_lr": 1e-2, "total_steps": 8 * EPOCHS},
    "interval": "step",
    "frequency": 1,
    "monitor": None,
}


def write_frames(path: Path, number: int = 80) -> Path:
    """Write clusters of five atoms, with energies (eV) and forces (eV/Å) of a Lennard-Jones potential, as extxyz."""
    random, frames = np.random.default_rng(0), []
    for _ in range(number):
        atoms = ase.Atoms("H3C2", positions=SHAPE + random.normal(0, 0.05, SHAPE.shape))
        atoms.calc = LennardJones(sigma=1.0, rc=4.0)
        atoms.get_forces()
        frames.append(atoms)
    ase.io.write(path, frames, format="extxyz")
    return path


def data(path: Path) -> NequIPDataModule:
    """Read them as nequip does: a neighbour list of 3 Å, 64 clusters to train on, 16 to validate."""
    transforms = [
        {"_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper", "model_type_names": ["H", "C"]},
        {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": 3.0},
    ]
    dataset = {"_target_": "nequip.data.dataset.ASEDataset", "file_path": str(path), "transforms": transforms}
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": BATCH}
    split = {"dataset": dataset, "train": 0.8, "val": 0.2}
    return NequIPDataModule(seed=0, split_dataset=split, train_dataloader=loader, val_dataloader=loader)


def build(kind: type = NequIPLightningModule, lr_scheduler: dict | None = ONE_CYCLE, **options) -> pl.LightningModule:
    """Make one of nequip's modules around a small network, from the configuration that `nequip-train` reads."""
    set_global_state()
    model = {
        "_target_": "nequip.model.NequIPGNNModel",
        "seed": SEED,
        "model_dtype": "float32",
        "r_max": 3.0,
        "type_names": ["H", "C"],
        "num_layers": 1,
        "l_max": 1,
        "num_features": 4,
        "radial_mlp_width": 8,
        "avg_num_neighbors": 4.0,
        "do_derivatives": True,
    }
    loss = {"_target_": "nequip.train.EnergyForceLoss", "coeffs": {"total_energy": 1.0, "forces": 3.0}}
    return kind(
        model=model,
        num_datasets={"train": 1, "val": 1, "test": 0, "predict": 0},
        optimizer={"_target_": "torch.optim.Adam", "lr": 1e-2},
        lr_scheduler=lr_scheduler,
        loss=loss,
        val_metrics={"_target_": "nequip.train.EnergyForceMetrics"},
        **options,
    )


def fit(
    module: pl.LightningModule | None = None, callbacks: list[pl.Callback] | None = None, **options
) -> pl.Trainer:
    """Train; the trainer has the module and the metrics that nequip logs."""
    pl.seed_everything(SEED, verbose=False)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    options = {"gradient_clip_val": 0.5, "accumulate_grad_batches": 2} | options
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        inference_mode=False,
        callbacks=callbacks,
        enable_model_summary=False,
        **quiet,
        **options,
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer.fit(module or build(), data(write_frames(Path(folder) / "frames.xyz")))
    return trainer


METRICS = ["val0_epoch/per_atom_energy_rmse", "val0_epoch/forces_rmse"]
