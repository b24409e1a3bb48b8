"""scvi-tools as it is: SCANVI, trained by its own `train`, with a KL term that warms up over the first epochs."""

import anndata
import lightning.pytorch as pl
import numpy as np
import scvi
from scvi.train import SemiSupervisedTrainingPlan

EPOCHS, WARMUP, BATCH, SEED = 20, 10, 64, 0


def cells(number: int = 480, genes: int = 40) -> anndata.AnnData:
    """Draw counts of three kinds of cells from two laboratories, in AnnData's layout; the kind of half is unknown."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, 3, number)
    rates = random.gamma(2, 0.5, (3, genes))[kinds]
    counts = anndata.AnnData(random.poisson(rates).astype("float32"))
    counts.obs["laboratory"] = random.integers(0, 2, number).astype(str)
    counts.obs["kind"] = np.where(np.arange(number) % 2, kinds.astype(str), "unknown")
    return counts


def fit(plan: type = SemiSupervisedTrainingPlan, callbacks: list[pl.Callback] | None = None) -> pl.Trainer:
    """Train; the trainer has the plan and the metrics that scvi-tools logs."""
    scvi.settings.seed = SEED
    counts = cells()
    scvi.model.SCANVI.setup_anndata(counts, "kind", "unknown", batch_key="laboratory")
    model = scvi.model.SCANVI(counts, n_hidden=16, n_latent=4)
    model._training_plan_cls = plan
    model.train(
        max_epochs=EPOCHS,
        accelerator="cpu",
        train_size=0.8,
        batch_size=BATCH,
        check_val_every_n_epoch=1,
        plan_kwargs={"n_epochs_kl_warmup": WARMUP, "lr": 5e-3},
        enable_progress_bar=False,
        **({} if callbacks is None else {"callbacks": callbacks}),
    )
    return model.trainer


METRICS = ["elbo_validation", "validation_accuracy", "validation_classification_loss"]
