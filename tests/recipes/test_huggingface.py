"""Transformers and PEFT: two heads on a BERT that is adapted by LoRA."""

import lightning.pytorch as pl
import torch
from recipe_claims import RecipeClaims

from lightning_go4align import RobustGO4Align


class TestHuggingface(RecipeClaims):
    name = "huggingface_lora"

    def test_only_the_adapters_and_the_heads_are_trained(self, plain, balanced):
        pl.seed_everything(0, verbose=False)
        before = dict(plain.Pretraining().named_parameters())
        after = balanced.fit(RobustGO4Align()).lightning_module.named_parameters()
        changed = {name for name, value in after if not torch.equal(value, before[name])}
        assert changed == {name for name, value in before.items() if value.requires_grad}
