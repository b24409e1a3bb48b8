"""scvi-tools as it is: SCVI, trained by its own `train`, with a KL term that warms up over the first steps."""

import anndata
import lightning.pytorch as pl
import numpy as np
import scvi
from scvi.train import TrainingPlan

EPOCHS, WARMUP, BATCH = 30, 60, 64


def cells(number: int = 320, genes: int = 40) -> anndata.AnnData:
    """Draw counts of three kinds of cells from two laboratories, in AnnData's layout."""
    random = np.random.default_rng(0)
    rates = random.gamma(2, 0.5, (3, genes))[random.integers(0, 3, number)]
    counts = anndata.AnnData(random.poisson(rates).astype("float32"))
    counts.obs["laboratory"] = random.integers(0, 2, number).astype(str)
    return counts


def fit(plan: type[TrainingPlan] = TrainingPlan, callbacks: list[pl.Callback] | None = None) -> pl.Trainer:
    """Train; the trainer has the plan and the metrics that scvi-tools logs. 256 cells: four whole batches."""
    scvi.settings.seed = 0
    counts = cells()
    scvi.model.SCVI.setup_anndata(counts, batch_key="laboratory")
    model = scvi.model.SCVI(counts, n_hidden=16, n_latent=4)
    model._training_plan_cls = plan
    model.train(
        max_epochs=EPOCHS,
        accelerator="cpu",
        train_size=0.8,
        batch_size=BATCH,
        check_val_every_n_epoch=1,
        callbacks=callbacks,
        plan_kwargs={"n_epochs_kl_warmup": None, "n_steps_kl_warmup": WARMUP, "lr": 5e-3},
        enable_progress_bar=False,
    )
    return model.trainer


METRICS = ["elbo_validation", "reconstruction_loss_validation", "kl_local_validation"]
