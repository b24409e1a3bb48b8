"""Standing in the place of a module's ``training_step`` where Lightning calls it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.strategies import Strategy
from lightning_utilities.core.rank_zero import rank_zero_info, rank_zero_warn
from torch._functorch import config as functorch_config

from lightning_go4align.methods.learning import end_fit
from lightning_go4align.methods.observation import observes_representation
from lightning_go4align.update.compatibility import missing_names, parse_optimizers
from lightning_go4align.update.lending import lending, refuse_property
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.optimizers import OptimizersDriver
from lightning_go4align.update.parts import passed_by, refuse_manual, steps_one_optimizer
from lightning_go4align.update.patches import AttributePatches
from lightning_go4align.update.training_step import TrainingStep


def intercept(
    trainer: pl.Trainer, module: pl.LightningModule, memory: Memory, step: TrainingStep, optimization: str
) -> AttributePatches:
    """Let a step stand in the place of the module's own until undone; on an exception it is undone by itself.

    Only the calls of Lightning's strategy reach it: the module keeps its own attributes, which the user may change.
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
    patches, strategy = AttributePatches(), trainer.strategy
    patches.on_undo(step.performed.forget)
    patches.on_undo(lambda: end_fit(memory.method))
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # set by a connector
        patches.set(callback, "on_exception", _undoing_first(patches, trainer, callback.on_exception))
    if optimization == "manual" and _can_be_manual(trainer):
        OptimizersDriver(trainer, patches)
    else:
        configure = partial(_refuse_several_optimizers, module=module)
        patches.set(strategy, "setup", lending(strategy.setup, module, "configure_optimizers", configure))
    refuse_property(module, "training_step")
    patches.set(strategy, "training_step", step.around(strategy.training_step))
    if memory.driver.backward is not None:
        _take_backward(patches, strategy, module, memory)
    if memory.driver.backward is not None or observes_representation(memory.method):
        _keep_compiled_buffers(patches)
    return patches


def _take_backward(patches: AttributePatches, strategy: Strategy, module: pl.LightningModule, memory: Memory) -> None:
    """Let a method stand in the place of the module's ``backward``, also within what the user puts around that."""
    own, call, waiting = module.backward, strategy.backward, list[bool]()

    def fill_if_called_for(*args: Any, **kwargs: Any) -> None:
        if not waiting:  # The user's own call.
            return own(*args, **kwargs)
        waiting.clear()
        assert memory.driver.backward is not None
        return memory.driver.backward(*args, **kwargs)

    def backward(*args: Any, **kwargs: Any) -> None:
        waiting[:] = [True]
        call(*args, **kwargs)
        if waiting:
            raise passed_by(module, memory.method)

    patches.on_undo(waiting.clear)
    patches.set(module, "backward", fill_if_called_for)
    patches.set(strategy, "backward", backward)


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


def _can_be_manual(trainer: pl.Trainer) -> bool:
    if steps_one_optimizer(trainer):
        rank_zero_info(f"{type(trainer.strategy).__name__} steps one optimizer: automatic optimization.")
        return False
    missing = missing_names(trainer)
    if missing:
        rank_zero_warn(
            f"This version of Lightning lacks {missing}, which driving several optimizers needs: "
            "`optimization='automatic'` is used instead. It gives the same results."
        )
    return not missing


def _refuse_several_optimizers(configure: Callable[[], Any], module: pl.LightningModule) -> Any:
    """Say before Lightning does that automatic optimization has one optimizer, and what to do about it."""
    configured = configure()
    refuse_manual(module)
    number = len(parse_optimizers(configured)[0])
    if number > 1:
        raise MisconfigurationException(
            f"{type(module).__name__} configures {number} optimizers, of which automatic optimization drives "
            "one. Give `MultiTaskCallback` or `MultiTaskModule` `optimization='manual'`, which drives them all; "
            "where that was not possible, use one optimizer with several parameter groups."
        )
    return configured
