"""Chemprop: labels that are missing, its Noam-like schedule, and a run that goes on."""

import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from recipe_claims import RecipeClaims, parameters
from torchjd.scalarization import Sum

from lightning_go4align import RobustGO4Align


class LearningRates(Callback):
    """Keep the learning rate of each batch."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, *_):
        self.seen.append(trainer.optimizers[0].param_groups[0]["lr"])


class TestChemprop(RecipeClaims):
    name = "chemprop_missing_labels"

    def test_the_noam_schedule_takes_the_same_steps(self, plain, balanced):
        alone, beside = LearningRates(), LearningRates()
        plain.fit(callbacks=[alone])
        balanced.fit(Sum(), callbacks=[beside])
        assert alone.seen == beside.seen
        assert alone.seen.index(max(alone.seen)) == plain.WARMUP * 16 - 1  # the peak comes after the warm-up

    def test_some_batch_has_no_label_of_some_property(self, plain):
        loader = plain.loader(plain.molecules(), plain.MISSING)
        assert any(not batch.Y.isfinite().any(dim=0).all() for batch in loader)

    @pytest.fixture
    def checkpoints(self, tmp_path):
        return ModelCheckpoint(tmp_path, filename="{epoch}", save_top_k=-1)

    def test_a_run_that_goes_on_from_its_middle_ends_at_the_same_bits(self, balanced, checkpoints, tmp_path):
        whole = balanced.fit(RobustGO4Align(), callbacks=[checkpoints])
        resumed = balanced.fit(RobustGO4Align(), checkpoint=tmp_path / "epoch=5.ckpt")
        expected, found = parameters(whole), parameters(resumed)
        assert all(torch.equal(value, found[name]) for name, value in expected.items())

    def test_chemprop_alone_reads_the_checkpoint(self, balanced, checkpoints, tmp_path):
        from chemprop.models import MPNN

        trainer = balanced.fit(RobustGO4Align(), callbacks=[checkpoints])
        model = MPNN.load_from_checkpoint(tmp_path / "epoch=11.ckpt")
        trained = trainer.lightning_module.state_dict()
        assert type(model) is MPNN
        assert all(torch.equal(value, trained[name]) for name, value in model.state_dict().items())
