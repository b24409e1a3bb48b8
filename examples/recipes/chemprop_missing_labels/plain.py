"""Chemprop as it is: four properties of molecules, of which a good part was never measured."""

from pathlib import Path

import lightning.pytorch as pl
import numpy as np
from chemprop import data, models, nn
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

EPOCHS, WARMUP, SEED = 12, 3, 0
MISSING = (0.3, 0.3, 0.3, 0.85)
PROPERTIES = {
    "logp": Crippen.MolLogP,
    "refractivity": Crippen.MolMR,
    "surface": rdMolDescriptors.CalcTPSA,
    "weight": Descriptors.MolWt,
}


def molecules() -> list[str]:
    """Build 160 molecules: a chain of carbon with a group at each end."""
    ends = ["", "O", "N", "F", "Cl", "C#N", "C(=O)O", "C(=O)N"]
    return [
        f"{first}{'C' * length}{last}" for length in range(2, 7) for first in ("O", "N", "F", "Cl") for last in ends
    ]


def loader(smiles: list[str], missing: tuple[float, ...] = (0.0,) * 4):
    """Make Chemprop's loader, in which a share ``missing`` of each property's labels is."""
    measured = [[float(measure(Chem.MolFromSmiles(one))) for measure in PROPERTIES.values()] for one in smiles]
    everything = [[float(measure(Chem.MolFromSmiles(one))) for measure in PROPERTIES.values()] for one in molecules()]
    targets = (np.array(measured) - np.mean(everything, axis=0)) / np.std(everything, axis=0)
    targets[np.random.default_rng(0).random(targets.shape) < missing] = np.nan
    points = [data.MoleculeDatapoint.from_smi(one, target) for one, target in zip(smiles, targets, strict=True)]
    return data.build_dataloader(data.MoleculeDataset(points), batch_size=8, shuffle=False)


def build(kind: type[models.MPNN] = models.MPNN) -> models.MPNN:
    """Make Chemprop's message passing network with one output a property."""
    pl.seed_everything(SEED, verbose=False)
    predictor = nn.RegressionFFN(n_tasks=len(PROPERTIES), input_dim=32, hidden_dim=32)
    options = {"metrics": [nn.metrics.MAE()], "warmup_epochs": WARMUP}
    return kind(nn.BondMessagePassing(d_h=32), nn.MeanAggregation(), predictor, **options)


def fit(
    module: models.MPNN | None = None, callbacks: list[pl.Callback] | None = None, checkpoint: Path | None = None
):
    """Train with Chemprop's Noam-like schedule; ``checkpoint`` is what to go on from."""
    module = module or build()
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        gradient_clip_val=1.0,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=any(isinstance(one, pl.callbacks.ModelCheckpoint) for one in callbacks or []),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    smiles = np.random.default_rng(0).permutation(molecules()).tolist()
    trainer.fit(module, loader(smiles[:128], MISSING), loader(smiles[128:]), ckpt_path=checkpoint, weights_only=False)
    return trainer


METRICS = ["val/mae", "val_loss"]
