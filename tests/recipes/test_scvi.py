"""scvi-tools: an ELBO whose KL warms up, and a classification of cells of which half have no label."""

import pytest
import torch
from recipe_claims import RecipeClaims, parameters
from torchjd.scalarization import Sum

from lightning_go4align import MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import LinearWarmup, WithFactors


class TestScvi(RecipeClaims):
    name = "scvi_kl_warmup"

    @pytest.fixture
    def train_scvi(self, plain):
        """Train SCVI, an autoencoder of reconstruction and KL, on four whole batches of 64."""
        import scvi

        class Parts(scvi.train.TrainingPlan):
            def forward(self, *args, **kwargs):
                *outputs, self.parts = super().forward(*args, **kwargs)
                return *outputs, self.parts

        def losses(module, output, batch):
            parts = vars(module).pop("parts")
            kl = parts.kl_local["kl_divergence_z"]
            return {"reconstruction": parts.reconstruction_loss["reconstruction_loss"].mean(), "kl": kl.mean()}

        def train(method=None):
            scvi.settings.seed = 0
            counts = plain.cells(320)
            scvi.model.SCVI.setup_anndata(counts, batch_key="laboratory")
            model = scvi.model.SCVI(counts, n_hidden=16, n_latent=4)
            model._training_plan_cls = Parts
            model.train(
                max_epochs=30,
                accelerator="cpu",
                train_size=0.8,
                batch_size=64,
                check_val_every_n_epoch=1,
                plan_kwargs={"n_epochs_kl_warmup": None, "n_steps_kl_warmup": 60, "lr": 5e-3},
                callbacks=[] if method is None else [MultiTaskCallback(method, losses=losses)],
                enable_progress_bar=False,
            )
            return model.trainer

        return train

    def test_a_warm_up_behind_sum_has_the_bits_of_scvis_own(self, train_scvi):
        expected = parameters(train_scvi())
        found = parameters(train_scvi(WithFactors(Sum(), {"kl": LinearWarmup(60)})))
        assert all(torch.equal(value, found[name]) for name, value in expected.items())

    def test_the_kl_is_no_task_balanced_it_collapses(self, train_scvi):
        plain = train_scvi().callback_metrics
        balanced = train_scvi(WithFactors(RobustGO4Align(), {"kl": LinearWarmup(60)})).callback_metrics
        assert balanced["kl_local_validation"] < 0.01 < 0.1 < plain["kl_local_validation"]
        assert balanced["elbo_validation"] > plain["elbo_validation"] + 1
