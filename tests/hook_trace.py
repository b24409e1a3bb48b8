"""What a trainer did, hook by hook."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
from typing_extensions import override


class Trace(pl.Callback):
    """Writes down the hooks in their order, with the global step, and the learning rates after each batch."""

    CALLBACK = ("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step")
    MODULE = (
        "optimizer_step",
        "optimizer_zero_grad",
        "configure_gradient_clipping",
        "lr_scheduler_step",
        "backward",
        *CALLBACK,
    )

    def __init__(self) -> None:
        self.hooks: list[tuple[str, int]] = []
        self.rates: list[list[float]] = []
        for name in self.CALLBACK:
            setattr(self, name, self._writing(f"callback.{name}", lambda *_: None))

    def _writing(self, name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
        def written(*args: Any, **kwargs: Any) -> Any:
            self.hooks.append((name, self.trainer.global_step))
            return hook(*args, **kwargs)

        return written

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.trainer = trainer
        for name in self.MODULE:
            setattr(pl_module, name, self._writing(name, getattr(pl_module, name)))

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        self.hooks.append(("on_train_batch_end", trainer.global_step))
        self.rates.append([group["lr"] for optimizer in trainer.optimizers for group in optimizer.param_groups])
