"""Transformers and PEFT, balanced: the loss of each head, from the output that the model returns anyway."""

from torch.nn.functional import cross_entropy

from lightning_go4align import MultiTaskCallback
from recipes.huggingface_lora import plain


def task_losses(module, output, batch):
    """Compute what Hugging Face's model adds up."""
    words, pairs = batch["labels"].flatten(), batch["next_sentence_label"]
    return {
        "words": cross_entropy(output.prediction_logits.flatten(0, 1), words),
        "pairs": cross_entropy(output.seq_relationship_logits, pairs),
    }


def fit(method, optimization="manual"):
    """Train as the plain script does."""
    return plain.fit([MultiTaskCallback(method, optimization, losses=task_losses)])
