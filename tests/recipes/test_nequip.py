"""nequip: energies and forces, whose gradient is of second order, beside its own ConFIG module."""

import pytest
import torch
from recipe_claims import RecipeClaims, parameters
from torchjd.aggregation import ConFIG

SCHEDULE_REFUSED = "only `ReduceLROnPlateau` LR scheduler is usable"


class TestNequip(RecipeClaims):
    name = "nequip_forces"

    @pytest.fixture
    def own(self, plain):
        from nequip.train import ConFIGLightningModule

        return lambda **options: plain.build(ConFIGLightningModule, **options)

    def test_its_own_config_module_refuses_the_schedule_that_ours_takes(self, own, plain):
        with pytest.raises(AssertionError, match=SCHEDULE_REFUSED):
            own(lr_scheduler=plain.ONE_CYCLE)

    @pytest.mark.parametrize("option", [{"gradient_clip_val": 0.5}, {"accumulate_grad_batches": 2}])
    def test_its_own_config_module_refuses_what_the_trainer_offers(self, own, plain, option):
        nothing = {"gradient_clip_val": None, "accumulate_grad_batches": 1}
        with pytest.raises(Exception, match="not supported for manual optimization"):
            plain.fit(own(lr_scheduler=None), **(nothing | option))

    def test_config_trains_with_clipping_accumulation_and_the_schedule(self, plain, balanced):
        trainer = balanced.fit(ConFIG())
        before, after = parameters_of(plain.build()), parameters(trainer)
        assert all(not torch.equal(before[name], value) for name, value in after.items())
        assert float(trainer.callback_metrics["val0_epoch/forces_rmse"]) < 2.5

    def test_the_callback_on_its_own_config_module_says_what_is_wrong(self, own, plain, balanced):
        from lightning_go4align import MultiTaskCallback

        callback = MultiTaskCallback(ConFIG(), losses=balanced.task_losses)
        nothing = {"gradient_clip_val": None, "accumulate_grad_batches": 1}
        with pytest.raises(Exception, match="automatic_optimization"):
            plain.fit(own(lr_scheduler=None), [callback], **nothing)


def parameters_of(module):
    return dict(module.named_parameters())
