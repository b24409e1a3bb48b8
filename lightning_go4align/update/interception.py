"""The intercepted training step of one fit."""

import inspect
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
from lightning_utilities.core.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor
from torchjd.aggregation import Aggregator

from lightning_go4align.update.balancer import Balancer
from lightning_go4align.update.compatibility import OptimizersDriver, missing_names, refuse_several_optimizers
from lightning_go4align.update.gradient_oriented import AggregatorWeighting
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.performed import PerformedSteps
from lightning_go4align.update.reach import Reach
from lightning_go4align.update.second_look import without_trace
from lightning_go4align.update.shadows import Shadows
from lightning_go4align.update.task_losses import StepOutput

STEP_ONE_OPTIMIZER = ("FSDPStrategy", "DeepSpeedStrategy")  # Of lightning and of pytorch_lightning.


class Interception:
    """Stand in the place of a module's ``training_step`` until lifted.

    Lightning gets the objective for its backward pass. Under ``"manual"`` all optimizers are driven, under
    ``"automatic"`` Lightning drives its one.

    Args:
        trainer: The trainer, in its ``setup``.
        module: The module to train.
        balancer: The method with its tasks.
        optimization: ``"manual"`` or ``"automatic"``.

    Raises:
        MisconfigurationException: If the parts do not fit together.
    """

    def __init__(
        self, trainer: pl.Trainer, module: pl.LightningModule, balancer: Balancer, optimization: str
    ) -> None:
        _check(trainer, module, balancer)
        self._trainer = trainer
        self._module = module
        self._balancer = balancer
        self._shadows = Shadows()
        self._user_step: Callable[..., Any] = module.training_step
        self._look_again: Callable[[], Any] | None = None
        self._performed = PerformedSteps()
        self._reach = Reach()
        balancer.attach(module)
        self._restore_on_exceptions()
        if optimization == "manual" and _can_be_manual(trainer):
            OptimizersDriver(trainer, self._shadows)
        else:
            refuse_several_optimizers(module, self._shadows)
        self._shadows.cast(module, "training_step", self._training_step)
        if isinstance(balancer.weighting, AggregatorWeighting):
            self._shadows.cast(module, "backward", balancer.weighting.backward)

    def _restore_on_exceptions(self) -> None:
        """Be lifted by the first callback that hears of an exception, whatever it then raises itself."""
        # A connector sets them, which the types do not know.
        for callback in self._trainer.callbacks:  # type: ignore[attr-defined]
            self._shadows.cast(callback, "on_exception", self._lifting(callback.on_exception))

    def _lifting(self, on_exception: Callable[..., None]) -> Callable[..., None]:
        def lift_first(*args: Any) -> None:
            self.lift()
            on_exception(*args)

        return lift_first

    def _training_step(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        if self._balancer.looks_twice:
            self._look_again = lambda: self._user_step(*args, **kwargs)
        trainer, balancer = self._trainer, self._balancer
        output = StepOutput(self._user_step(*args, **kwargs))
        self._reach.check(output.present, trainer.optimizers)
        objective = balancer.objective(output, self._module.device, 1 / trainer.accumulate_grad_batches)
        if objective is None:
            return None
        values = dict(zip(balancer.tasks, balancer.losses.unbind(), strict=True))
        return {**output.extras, "loss": objective, "task_losses": values}

    def begin_batch(self, batch_idx: int) -> None:
        """Get ready for a batch.

        Args:
            batch_idx: Its number in the epoch.
        """
        first = batch_idx % self._trainer.accumulate_grad_batches == 0
        self._balancer.weighting.begin_batch(first)
        self._performed.watch(self._trainer.optimizers)

    def after_step(self) -> None:
        """Let the method follow the optimizer's step, if one was made."""
        if not self._performed.any:
            return
        self._balancer.weighting.after_step()
        if self._look_again is not None:
            with without_trace(self._module):
                with self._trainer.precision_plugin.train_step_context():
                    output = StepOutput(self._look_again())
                self._balancer.look_again(output, self._module.device)

    def forget_batch(self) -> None:
        """Let go of the batch."""
        self._look_again = None

    def lift(self) -> None:
        """Leave module and trainer as they were."""
        self._shadows.lift()
        self._performed.forget()


def _check(trainer: pl.Trainer, module: pl.LightningModule, balancer: Balancer) -> None:
    if not module.automatic_optimization:
        raise MisconfigurationException(
            f"{type(module).__name__} sets `automatic_optimization = False` and so steps its optimizers itself, as "
            "`MultiTaskCallback` would. Remove that line and the optimizer calls from its `training_step`."
        )
    if isinstance(balancer.method, Aggregator) and not _is_of_lightning(module.backward):
        raise MisconfigurationException(
            f"{balancer.method} fills the gradients itself, past the `backward` of {type(module).__name__}. Remove "
            "that method, or take a loss-oriented method, which calls it."
        )
    if isinstance(balancer.method, Aggregator) and trainer.precision == "16-mixed":
        raise MisconfigurationException(
            f"{balancer.method} fills the gradients itself, past the gradient scaler of `precision='16-mixed'`. Use "
            "`precision='bf16-mixed'`, which needs no scaler, or a loss-oriented method."
        )
    if balancer.looks_twice and "dataloader_iter" in inspect.signature(module.training_step).parameters:
        raise MisconfigurationException(
            f"{balancer.method} computes the losses of each batch twice, but a `training_step` that takes "
            "`dataloader_iter` draws its own batch. Take `batch` instead."
        )


def _is_of_lightning(method: Callable[..., Any]) -> bool:
    """Whether it is the method that either of Lightning's packages gives all modules."""
    return method.__module__ in ("lightning.pytorch.core.module", "pytorch_lightning.core.module")


def _can_be_manual(trainer: pl.Trainer) -> bool:
    kinds = {kind.__name__ for kind in type(trainer.strategy).__mro__}
    if not kinds.isdisjoint(STEP_ONE_OPTIMIZER):
        rank_zero_info(f"{type(trainer.strategy).__name__} steps one optimizer: automatic optimization.")
        return False
    missing = missing_names(trainer)
    if missing:
        rank_zero_warn(
            f"This version of Lightning lacks {missing}, which driving several optimizers needs: "
            "`optimization='automatic'` is used instead. It gives the same results."
        )
    return not missing
