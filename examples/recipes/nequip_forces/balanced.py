"""nequip, balanced: its energy and its force error are the tasks, its own coefficients stay."""

import lightning.pytorch as pl
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align import MultiTaskCallback
from recipes.nequip_forces import plain


def keep(loss, args, values):
    """Keep what nequip's loss computed, before the step adds it up."""
    loss.parts = values


def task_losses(module, output, batch):
    """Give each part its coefficient, which nequip has normalised."""
    values, entries = vars(module.loss).pop("parts"), module.loss.entries
    kept = {name: part.coeff for name, part in entries.items() if part.coeff is not None}
    return {name: share * values["train_loss_step/" + name] for name, share in kept.items()}


def fit(method: Scalarizer | Aggregator, optimization="manual") -> pl.Trainer:
    """Train as the plain script does."""
    module = plain.build()
    module.loss.register_forward_hook(keep)
    return plain.fit(module, [MultiTaskCallback(method, optimization, losses=task_losses)])
