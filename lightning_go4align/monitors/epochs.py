"""How far a training is, in epochs."""

import math

from lightning.pytorch import Trainer
from lightning.pytorch.trainer.states import TrainerFn


def epochs_so_far(trainer: Trainer) -> float:
    """Tell how many epochs of training a validation follows.

    Args:
        trainer: Trainer that validates.

    Returns:
        Epochs, with the share of the current one that has passed; all of it where no one knows its length.

    Example:
        >>> epochs_so_far(Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", devices=1))
        0.0
    """
    if trainer.state.fn != TrainerFn.FITTING:
        return float(trainer.current_epoch)
    known = math.isfinite(trainer.num_training_batches)
    batches = trainer.fit_loop.epoch_loop.batch_progress.current.ready
    return trainer.current_epoch + (batches / trainer.num_training_batches if known else 1.0)
