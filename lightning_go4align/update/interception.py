"""The intercepted training step of one fit."""

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.strategies import DeepSpeedStrategy, FSDPStrategy
from lightning_utilities.core.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor
from torchjd.aggregation import Aggregator

from lightning_go4align.update.balancer import Balancer
from lightning_go4align.update.compatibility import (
    ManualScope,
    loses_static_graph,
    missing_names,
    refuse_several_optimizers,
)
from lightning_go4align.update.gradient_oriented import AggregatorWeighting
from lightning_go4align.update.picked import Pick, read_output
from lightning_go4align.update.second_look import without_trace
from lightning_go4align.update.shadows import Shadows
from lightning_go4align.update.task_losses import StepOutput


class Interception:
    """Stand in the place of a module's ``training_step`` until lifted.

    Under manual optimization it drives the whole update, within automatic optimization it hands over the objective.

    Args:
        trainer: The trainer, in its ``setup``.
        module: The module to train.
        balancer: The method with its tasks.
        optimization: ``"manual"`` or ``"automatic"``.
        pick: Picks the task losses out of what the step returns; None if it returns them.

    Raises:
        MisconfigurationException: If the parts do not fit together.
    """

    def __init__(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        balancer: Balancer,
        optimization: str,
        pick: Pick | None = None,
    ) -> None:
        _check(trainer, module, balancer)
        self._trainer = trainer
        self._module = module
        self._balancer = balancer
        self._pick = pick
        self._shadows = Shadows()
        self._user_step: Callable[..., Any] = module.training_step
        self._result: dict[str, Any] | None = None
        self._look_again: Callable[[], StepOutput] | None = None
        self._scope: ManualScope | None = None
        balancer.attach(module)
        if optimization == "manual" and _can_be_manual(trainer):
            self._scope = ManualScope(trainer, self._shadows)
        else:
            refuse_several_optimizers(module, self._shadows)
        self._shadows.cast(module, "training_step", MethodType(self._make_step(), module))
        if isinstance(balancer.weighting, AggregatorWeighting):
            self._shadows.cast(module, "backward", balancer.weighting.backward)

    def _make_step(self) -> Callable[..., Any]:
        def training_step(_: pl.LightningModule, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
            def compute() -> Tensor | None:
                return self._objective(*args, **kwargs)

            self._result = None
            if self._balancer.looks_twice:
                self._look_again = lambda: self._output(*args, **kwargs)
            if self._scope is not None and not self._module.automatic_optimization:
                self._scope.step(compute)
            else:
                compute()
            result, self._result = self._result, None
            return result

        training_step.__wrapped__ = inspect.unwrap(self._user_step)  # type: ignore[attr-defined]  # for its signature
        return training_step

    def _output(self, *args: Any, **kwargs: Any) -> StepOutput:
        batch = next(iter([*args, *kwargs.values()]), None)
        return read_output(self._pick, self._module, self._user_step(*args, **kwargs), batch)

    def _objective(self, *args: Any, **kwargs: Any) -> Tensor | None:
        output, share = self._output(*args, **kwargs), self._trainer.accumulate_grad_batches
        objective = self._balancer.objective(output, self._module.device, 1 / share)
        if objective is None:
            return None
        manual = self._scope is not None and not self._module.automatic_optimization
        loss = objective / share if manual else objective
        values = dict(zip(self._balancer.tasks, self._balancer.losses.unbind(), strict=True))
        self._result = {**output.extras, "loss": loss.detach() if manual else loss, "task_losses": values}
        return loss

    def on_fit_start(self) -> None:
        """Give the trainer back what several optimizers took from it."""
        if self._scope is not None:
            self._scope.restore_schedulers()

    def after_step(self) -> None:
        """Let the method follow the optimizer's step."""
        self._balancer.weighting.after_step()
        if self._look_again is not None:
            with without_trace(self._module), self._trainer.precision_plugin.train_step_context():
                self._balancer.look_again(self._look_again(), self._module.device)

    def forget_batch(self) -> None:
        """Let go of the batch."""
        self._look_again = None

    def lift(self) -> None:
        """Leave module and trainer as they were."""
        self._shadows.lift()
        self._module.automatic_optimization = True


def _check(trainer: pl.Trainer, module: pl.LightningModule, balancer: Balancer) -> None:
    if not module.automatic_optimization:
        raise MisconfigurationException(
            f"{type(module).__name__} sets `automatic_optimization = False` and so steps its optimizers itself, as "
            "`MultiTaskCallback` would. Remove that line and the optimizer calls from its `training_step`."
        )
    if isinstance(balancer.method, Aggregator) and type(module).backward is not pl.LightningModule.backward:
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


def _can_be_manual(trainer: pl.Trainer) -> bool:
    if isinstance(trainer.strategy, FSDPStrategy | DeepSpeedStrategy):
        rank_zero_info(
            f"{type(trainer.strategy).__name__} cannot step within the forward pass: automatic optimization."
        )
        return False
    if loses_static_graph(trainer):
        rank_zero_info("This version of Lightning needs automatic optimization for `static_graph`: it is used.")
        return False
    missing = missing_names(trainer)
    if missing:
        rank_zero_warn(
            f"This version of Lightning lacks {missing}, which driving manual optimization needs: "
            "`optimization='automatic'` is used instead. It gives the same results."
        )
    return not missing
