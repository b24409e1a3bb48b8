"""Whether a module, a method, a trainer and its ranks fit together."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
from torch import nn
from torchjd.aggregation import Aggregator

from lightning_go4align.methods.fields import differing_fields, in_words
from lightning_go4align.methods.observation import observes_representation
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.misconfiguration import MisconfigurationException

STEP_ONE_OPTIMIZER = ("FSDPStrategy", "DeepSpeedStrategy")  # Of lightning and of pytorch_lightning.


def check_parts(trainer: pl.Trainer, module: pl.LightningModule, memory: Memory) -> None:
    """Refuse a module, a method and a trainer that do not fit together.

    Args:
        trainer: The trainer, in its ``setup``.
        module: The module to train.
        memory: What is remembered of the method and its tasks.

    Raises:
        MisconfigurationException: If they do not.
    """
    method = memory.method
    refuse_manual(module)
    if isinstance(method, Aggregator) and not _is_of_lightning(module.backward):
        raise passed_by(module, method)
    if isinstance(method, Aggregator) and trainer.precision == "16-mixed":
        raise MisconfigurationException(
            f"{method} fills the gradients itself, past the gradient scaler of `precision='16-mixed'`. Use "
            "`precision='bf16-mixed'`, which needs no scaler, or a loss-oriented method."
        )
    if observes_representation(method) and trainer.precision == "16-mixed":
        raise MisconfigurationException(
            f"{method} differentiates each loss in the representation, past the gradient scaler of "
            "`precision='16-mixed'`: in half precision these gradients end at 0 or overflow. Use "
            "`precision='bf16-mixed'`, or a method that needs no representation."
        )
    if isinstance(method, Aggregator) and steps_one_optimizer(trainer):
        raise MisconfigurationException(
            f"{method} fills the gradients itself, past the backward pass of {type(trainer.strategy).__name__}, "
            "which would train with the plain sum. Use `strategy='ddp'`, or a loss-oriented method."
        )
    if memory.driver.needs_post_step_losses and _draws_its_batch(module):
        raise MisconfigurationException(
            f"{method} computes the losses of each batch twice, but a `training_step` that takes "
            "`dataloader_iter` draws its own batch. Take `batch` instead."
        )


def refuse_manual(module: pl.LightningModule) -> None:
    """Refuse a module that steps its optimizers itself; it may say so at any moment.

    Args:
        module: The module.

    Raises:
        MisconfigurationException: If it does.
    """
    if not module.automatic_optimization:
        raise MisconfigurationException(
            f"{type(module).__name__} sets `automatic_optimization = False` and so steps its optimizers itself, as "
            "`MultiTaskCallback` would. Remove that line and the optimizer calls from its `training_step`."
        )


def passed_by(module: pl.LightningModule, method: nn.Module) -> MisconfigurationException:
    """Make the error of a ``backward`` of the user's own, which a method that finds gradients would pass by.

    Args:
        module: The module that has it.
        method: The method.

    Returns:
        What is to be raised.
    """
    return MisconfigurationException(
        f"{method} fills the gradients itself, past the `backward` of {type(module).__name__}. Remove "
        "that method, or take a loss-oriented method, which calls it."
    )


def refuse_different(ranks: Sequence[dict[str, Any]]) -> None:
    """Refuse ranks that were given different methods or tasks.

    Args:
        ranks: What each was given.

    Raises:
        MisconfigurationException: If it is not the same on all.
    """
    for rank, given in enumerate(ranks):
        for name, value in given.items():
            if differing_fields(ranks[0][name], value):
                raise MisconfigurationException(
                    f"`MultiTaskCallback` was given the {name} {in_words(ranks[0][name])} on rank 0, but "
                    f"{in_words(value)} on rank {rank}. Make it from what all ranks have in common: not from a "
                    "rank's number, data or clock."
                )


def _is_of_lightning(method: Callable[..., Any]) -> bool:
    """Whether it is the method that either of Lightning's packages gives all modules."""
    return method.__module__ in ("lightning.pytorch.core.module", "pytorch_lightning.core.module")


def _draws_its_batch(module: pl.LightningModule) -> bool:
    return "dataloader_iter" in inspect.signature(module.training_step).parameters


def steps_one_optimizer(trainer: pl.Trainer) -> bool:
    """Tell whether a strategy steps one optimizer, by itself.

    Args:
        trainer: The trainer.

    Returns:
        Whether it does.
    """
    return any(kind.__name__ in STEP_ONE_OPTIMIZER for kind in type(trainer.strategy).__mro__)
