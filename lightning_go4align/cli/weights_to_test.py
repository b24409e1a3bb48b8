"""With which weights a model is tested after its fit."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer, callbacks
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning_utilities.core.rank_zero import rank_zero_info

AVERAGING: Any = vars(callbacks).get("WeightAveraging", ())  # since Lightning 2.6


def weights_to_test(trainer: Trainer, module: LightningModule) -> str | None:
    """Choose the best checkpoint if one is monitored, else the last weights.

    Where a callback averages weights, those of the best checkpoint are loaded here, as they were validated: the
    trainer would put those in their place that were not averaged.

    Args:
        trainer: The trainer after a fit.
        module: What it has trained.

    Returns:
        ``ckpt_path`` for the test; None for the weights that the module has.
    """
    checkpoints = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
    best = [callback.best_model_path for callback in checkpoints if callback.monitor and callback.best_model_path]
    given: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
    if not best or not any(isinstance(callback, AVERAGING) for callback in given):
        return best[0] if best else None
    rank_zero_info(f"Testing the averaged weights of the best checkpoint, {best[0]}.")
    module.load_state_dict(trainer.strategy.load_checkpoint(best[0])["state_dict"])
    return None
