"""Transformers and PEFT as they are: BERT with its two heads of pre-training, adapted by LoRA."""

import lightning.pytorch as pl
import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForPreTraining

EPOCHS, WORDS, LENGTH, MASK, MASKED, SEED = 40, 12, 12, 1, 0.2, 0
SIZES = {"vocab_size": WORDS, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def sentences(number: int, seed: int) -> list[dict[str, torch.Tensor]]:
    """Make pairs of sentences that repeat a word each; the second is of the same book, or of one with other words."""
    random = torch.Generator().manual_seed(seed)
    samples = []
    for _ in range(number):
        other_book = torch.randint(0, 2, (), generator=random)
        wrong = (torch.rand((), generator=random) < 0.1).long()
        first, second = 2 + torch.randint(0, WORDS // 2 - 1, (2,), generator=random)
        halves = torch.stack([first, second + other_book * (WORDS // 2 - 1)])
        words = halves.repeat_interleave(LENGTH // 2)
        masked = torch.rand(LENGTH, generator=random) < MASKED
        masked[0] = True  # A sample without a masked word would have no loss of its own.
        samples.append(
            {
                "input_ids": words.masked_fill(masked, MASK),
                "token_type_ids": torch.arange(LENGTH) // (LENGTH // 2),
                "labels": words.masked_fill(~masked, -100),
                "next_sentence_label": other_book ^ wrong,  # One label in ten is wrong.
            }
        )
    return samples


class Pretraining(pl.LightningModule):
    """Any Hugging Face model: its output, with its loss, is what the step returns."""

    def __init__(self) -> None:
        super().__init__()
        bert = BertForPreTraining(BertConfig(intermediate_size=64, max_position_embeddings=LENGTH, **SIZES))
        adapters = LoraConfig(r=4, target_modules=["query", "value"], modules_to_save=["cls", "pooler"])
        self.model = get_peft_model(bert, adapters)

    def training_step(self, batch, batch_idx):
        return self.model(**batch)

    def validation_step(self, batch, batch_idx):
        output = self.model(**batch)
        masked = batch["labels"] >= 0
        words = output.prediction_logits.argmax(dim=-1)[masked] == batch["labels"][masked]
        pairs = output.seq_relationship_logits.argmax(dim=-1) == batch["next_sentence_label"]
        self.log_dict({"val/words": words.float().mean(), "val/pairs": pairs.float().mean(), "val/loss": output.loss})

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW([one for one in self.parameters() if one.requires_grad], lr=1e-2)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=EPOCHS * 8)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def fit(callbacks: list[pl.Callback] | None = None) -> pl.Trainer:
    """Train; the trainer has the module and its metrics."""
    pl.seed_everything(SEED, verbose=False)
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        gradient_clip_val=1.0,
        accumulate_grad_batches=2,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    train, validation = DataLoader(sentences(256, 1), 16, shuffle=True), DataLoader(sentences(128, 2), 64)
    trainer.fit(Pretraining(), train, validation)
    return trainer


METRICS = ["val/words", "val/pairs", "val/loss"]
