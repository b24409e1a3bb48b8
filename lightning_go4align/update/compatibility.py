"""The private names of Lightning that driving its optimizers needs; without one automatic optimization takes over."""

import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.core import optimizer as optimizers_of_lightning
from lightning.pytorch.core.mixins import hparams_mixin
from lightning.pytorch.trainer import call

from lightning_go4align.update.lightning_logs import exists, private

AUTOMATIC_LOOP = "fit_loop.epoch_loop.automatic_optimization"
MAKE_ZERO_GRAD, OPTIMIZER_STEP = "_make_zero_grad_fn", "_optimizer_step"
PRIVATE_NAMES = (
    "fit_loop._should_accumulate",
    f"{AUTOMATIC_LOOP}.{MAKE_ZERO_GRAD}",
    f"{AUTOMATIC_LOOP}.{OPTIMIZER_STEP}",
    f"{AUTOMATIC_LOOP}.optim_progress",
    "strategy._lightning_optimizers",
)
PRIVATE_FUNCTIONS = (
    (optimizers_of_lightning, "_configure_optimizers"),
    (optimizers_of_lightning, "_configure_schedulers_automatic_opt"),
    (call, "_call_lightning_module_hook"),
)

# Read in each step, and so not through functions of ours.
automatic_loop: Callable[[pl.Trainer], Any] = attrgetter(AUTOMATIC_LOOP)
lightning_optimizers: Callable[[pl.Trainer], list[Any]] = attrgetter("strategy._lightning_optimizers")
accumulation_check: Callable[[pl.Trainer], Callable[[], bool]] = attrgetter("fit_loop._should_accumulate")
call_module_hook: Callable[..., Any] | None = getattr(call, "_call_lightning_module_hook", None)


def missing_names(trainer: pl.Trainer) -> list[str]:
    """Tell which of the private names this version of Lightning lacks.

    Args:
        trainer: A trainer, of any version.

    Returns:
        Those that do not exist, by their paths below the trainer; empty where manual optimization can be driven.

    Example:
        >>> missing_names(pl.Trainer(logger=False, enable_checkpointing=False))
        []
    """
    functions = [name for owner, name in PRIVATE_FUNCTIONS if not exists(owner, name)]
    return [path for path in PRIVATE_NAMES if not exists(trainer, path)] + functions


def parse_optimizers(configured: Any) -> tuple[list[Any], list[Any], str | None]:
    """Read what ``configure_optimizers`` returned.

    Args:
        configured: Whatever Lightning allows.

    Returns:
        Optimizers, schedulers, and the metric to monitor; nothing where Lightning lacks the name that reads it.

    Example:
        >>> parse_optimizers(None)
        ([], [], None)
    """
    parse = getattr(optimizers_of_lightning, "_configure_optimizers", None)
    nothing: tuple[list[Any], list[Any], str | None] = ([], [], None)
    return nothing if configured is None or parse is None else parse(configured)


def configure_schedulers(schedulers: list[Any], monitor: str | None) -> list[Any]:
    """Make Lightning's configurations of schedulers.

    Args:
        schedulers: As ``configure_optimizers`` returned them.
        monitor: The metric that they follow.

    Returns:
        One configuration for each.

    Example:
        >>> configure_schedulers([], None)
        []
    """
    return optimizers_of_lightning._configure_schedulers_automatic_opt(schedulers, monitor)


def saves_every(callback: pl.Callback) -> int:
    """Tell after how many optimizer steps a callback may save a checkpoint.

    Args:
        callback: Any callback.

    Returns:
        The number of steps; 1 for one that saves by time, 0 for one that saves by epochs, or not at all.

    Example:
        >>> from lightning.pytorch.callbacks import ModelCheckpoint, Timer
        >>> saves_every(ModelCheckpoint(every_n_train_steps=50)), saves_every(Timer())
        (50, 0)
    """
    # Rank 0's clock alone decides when it saves: no other rank can tell the step in advance.
    if _of_checkpoint(callback, "_train_time_interval") is not None:
        return 1
    return int(_of_checkpoint(callback, "_every_n_train_steps") or 0)


def has_saved_nothing(callback: pl.Callback) -> bool:
    """Tell whether a callback that keeps checkpoints by a metric at each epoch's end has kept none.

    Args:
        callback: One that saves checkpoints.

    Returns:
        Whether an epoch has passed it by.

    Example:
        >>> from lightning.pytorch.callbacks import ModelCheckpoint
        >>> has_saved_nothing(ModelCheckpoint(monitor="loss")), has_saved_nothing(ModelCheckpoint(save_top_k=0))
        (True, False)
    """
    at_each = _of_checkpoint(callback, "_every_n_epochs") == 1 and getattr(callback, "save_top_k", 0) != 0
    return at_each and not getattr(callback, "best_model_path", "")


def _of_checkpoint(callback: pl.Callback, name: str) -> Any:
    # Only Lightning's own is known to have it, of lightning or of pytorch_lightning.
    is_known = any(kind.__name__ == "ModelCheckpoint" for kind in type(callback).__mro__)
    return private(callback, name) if is_known else getattr(callback, name, None)


def builds_from_config() -> bool:
    """Tell whether LightningCLI is building a module, whose hyperparameters are then the configuration.

    Returns:
        True within such a construction.

    Example:
        >>> builds_from_config()
        False
    """
    other = sys.modules.get("pytorch_lightning.core.mixins.hparams_mixin")
    given = [private(mixin, "_given_hyperparameters") for mixin in (hparams_mixin, other) if mixin is not None]
    return any(each is not None and each.get() is not None for each in given)
