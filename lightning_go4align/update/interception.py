"""Standing in the place of a module's ``training_step``, where the parts fit together."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
from lightning_utilities.core.rank_zero import rank_zero_info, rank_zero_warn
from torch._functorch import config as functorch_config
from torchjd.aggregation import Aggregator

from lightning_go4align.methods.fields import differing_fields, in_words
from lightning_go4align.methods.learning import end_fit
from lightning_go4align.methods.observation import observes_representation
from lightning_go4align.update.compatibility import missing_names, parse_optimizers
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.optimizers import OptimizersDriver
from lightning_go4align.update.patches import AttributePatches
from lightning_go4align.update.training_step import TrainingStep

STEP_ONE_OPTIMIZER = ("FSDPStrategy", "DeepSpeedStrategy")  # Of lightning and of pytorch_lightning.


def intercept(
    trainer: pl.Trainer, module: pl.LightningModule, memory: Memory, step: TrainingStep, optimization: str
) -> AttributePatches:
    """Let a step stand in the place of the module's own until undone; on an exception it is undone by itself.

    Lightning gets the objective for its backward pass. Under ``"manual"`` all optimizers are driven, under
    ``"automatic"`` Lightning drives its one.

    Args:
        trainer: The trainer, in its ``setup``.
        module: The module to train, which ``check_parts`` has let pass.
        memory: What is remembered of the method and its tasks.
        step: What stands in the place of its ``training_step``.
        optimization: ``"manual"`` or ``"automatic"``.

    Returns:
        What undoes it.
    """
    patches = AttributePatches()
    patches.on_undo(step.performed.forget)
    patches.on_undo(lambda: end_fit(memory.method))
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by a connector
        patches.set(callback, "on_exception", _undoing_first(patches, trainer, callback.on_exception))
    if optimization == "manual" and _can_be_manual(trainer):
        OptimizersDriver(trainer, patches)
    else:
        _refuse_several_optimizers(module, patches)
    patches.set(module, "training_step", step)
    if memory.driver.backward is not None:
        patches.set(module, "backward", memory.driver.backward)
    if memory.driver.backward is not None or observes_representation(memory.method):
        _keep_compiled_buffers(patches)
    return patches


def _keep_compiled_buffers(patches: AttributePatches) -> None:
    """Let what a fit compiles be differentiated several times: torch reuses its buffers in the first pass else."""
    if not hasattr(functorch_config, "donated_buffer"):
        return
    kept = functorch_config.patch(donated_buffer=False)  # type: ignore[attr-defined, unused-ignore]  # torch adds it
    kept.__enter__()
    patches.on_undo(lambda: kept.__exit__(None, None, None))


def _undoing_first(
    patches: AttributePatches, trainer: pl.Trainer, on_exception: Callable[..., None]
) -> Callable[..., None]:
    """Undo all in the first callback that hears of an exception of its trainer, whatever it then raises itself."""

    def undo_first(failed: pl.Trainer, *args: Any) -> None:
        if failed is trainer:
            patches.undo()
        on_exception(failed, *args)

    return undo_first


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
    if not module.automatic_optimization:
        raise MisconfigurationException(
            f"{type(module).__name__} sets `automatic_optimization = False` and so steps its optimizers itself, as "
            "`MultiTaskCallback` would. Remove that line and the optimizer calls from its `training_step`."
        )
    if isinstance(method, Aggregator) and not _is_of_lightning(module.backward):
        raise MisconfigurationException(
            f"{method} fills the gradients itself, past the `backward` of {type(module).__name__}. Remove "
            "that method, or take a loss-oriented method, which calls it."
        )
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
    if isinstance(method, Aggregator) and _steps_one_optimizer(trainer):
        raise MisconfigurationException(
            f"{method} fills the gradients itself, past the backward pass of {type(trainer.strategy).__name__}, "
            "which would train with the plain sum. Use `strategy='ddp'`, or a loss-oriented method."
        )
    if memory.driver.needs_post_step_losses and _draws_its_batch(module):
        raise MisconfigurationException(
            f"{method} computes the losses of each batch twice, but a `training_step` that takes "
            "`dataloader_iter` draws its own batch. Take `batch` instead."
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


def _steps_one_optimizer(trainer: pl.Trainer) -> bool:
    return any(kind.__name__ in STEP_ONE_OPTIMIZER for kind in type(trainer.strategy).__mro__)


def _can_be_manual(trainer: pl.Trainer) -> bool:
    if _steps_one_optimizer(trainer):
        rank_zero_info(f"{type(trainer.strategy).__name__} steps one optimizer: automatic optimization.")
        return False
    missing = missing_names(trainer)
    if missing:
        rank_zero_warn(
            f"This version of Lightning lacks {missing}, which driving several optimizers needs: "
            "`optimization='automatic'` is used instead. It gives the same results."
        )
    return not missing


def _refuse_several_optimizers(module: pl.LightningModule, patches: AttributePatches) -> None:
    """Say before Lightning does that automatic optimization has one optimizer, and what to do about it."""
    configure = module.configure_optimizers

    def configure_optimizers() -> Any:
        configured = configure()
        number = len(parse_optimizers(configured)[0])
        if number > 1:
            raise MisconfigurationException(
                f"{type(module).__name__} configures {number} optimizers, of which automatic optimization drives "
                "one. Give `MultiTaskCallback` or `MultiTaskModule` `optimization='manual'`, which drives them all; "
                "where that was not possible, use one optimizer with several parameter groups."
            )
        return configured

    patches.set(module, "configure_optimizers", configure_optimizers)
