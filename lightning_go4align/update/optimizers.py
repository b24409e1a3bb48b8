"""The optimizers of a module: driving all of them, and telling which stepped."""

from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from lightning_go4align.update.compatibility import (
    MAKE_ZERO_GRAD,
    OPTIMIZER_STEP,
    accumulation_check,
    automatic_loop,
    call_module_hook,
    configure_schedulers,
    lightning_optimizers,
    parse_optimizers,
)
from lightning_go4align.update.lending import lending
from lightning_go4align.update.parts import refuse_manual
from lightning_go4align.update.patches import AttributePatches
from lightning_go4align.update.several_optimizers import one_scale, refuse_shared_parameters, sharing

Clear = Callable[[], None]


class OptimizersDriver:
    """Drive every optimizer of a module at the places where automatic optimization drives its one.

    All of them are cleared before the backward pass, and step after it, as one global step. The user's step alone
    runs within the forward pass of the strategy and the precision plugin's context; what follows runs outside them,
    with ``automatic_optimization`` True, as all hooks know it.

    Args:
        trainer: The trainer, before its strategy has been set up.
        patches: Where what is changed is undone.
    """

    def __init__(self, trainer: pl.Trainer, patches: AttributePatches) -> None:
        self._trainer = trainer
        self._loop = automatic_loop(trainer)
        self._schedulers: dict[int, dict[str, Any]] = {}
        module, strategy = trainer.lightning_module, trainer.strategy
        setup = lending(strategy.setup_optimizers, module, "configure_optimizers", self._keep_schedulers)
        patches.set(strategy, "setup_optimizers", self._restoring_schedulers(setup))
        patches.set(self._loop, MAKE_ZERO_GRAD, self._clearing_all(getattr(self._loop, MAKE_ZERO_GRAD)))
        patches.set(self._loop, OPTIMIZER_STEP, self._step_all)

    def _keep_schedulers(self, configure: Callable[[], Any]) -> Any:
        """Let several optimizers pass Lightning's check, and keep what it would drop of their schedulers then."""
        configured = configure()
        refuse_manual(self._trainer.lightning_module)
        optimizers, schedulers, monitor = parse_optimizers(configured)
        if len(optimizers) < 2:
            return configured
        configs = configure_schedulers(schedulers, monitor)
        self._schedulers = {id(config.scheduler): vars(config) for config in configs}
        self._trainer.lightning_module.automatic_optimization = False
        return optimizers, [config.scheduler for config in configs]

    def _restoring_schedulers(self, setup: Callable[..., None]) -> Callable[..., None]:
        """Give the schedulers of several optimizers back what Lightning dropped."""

        def setup_optimizers(trainer: pl.Trainer) -> None:
            self._schedulers = {}
            try:
                setup(trainer)
            finally:
                trainer.lightning_module.automatic_optimization = True
            if _scaler_of(trainer) is not None:
                refuse_shared_parameters(trainer.optimizers)
            for config in trainer.strategy.lr_scheduler_configs:
                for name, value in self._schedulers.get(id(config.scheduler), {}).items():
                    setattr(config, name, value)

        return setup_optimizers

    def _clearing_all(self, make: Callable[..., Clear | None]) -> Callable[..., Clear | None]:
        def make_zero_grad_fn(batch_idx: int, _: Optimizer) -> Clear | None:
            each = [make(batch_idx, optimizer) for optimizer in self._trainer.optimizers]

            def clear_all() -> None:
                for clear in filter(None, each):
                    clear()

            return None if None in each else clear_all

        return make_zero_grad_fn

    def _step_all(self, batch_idx: int, closure: Callable[[], Tensor | None]) -> None:
        trainer, progress = self._trainer, self._loop.optim_progress.optimizer.step
        optimizers = lightning_optimizers(trainer)
        counts = not accumulation_check(trainer)()  # Some strategies accumulate within the optimizer's step.
        if counts:
            progress.increment_ready()
        if len(optimizers) == 1:
            self._step(batch_idx, optimizers[0], closure)
        else:
            closures = sharing(closure, len(optimizers))
            with one_scale(_scaler_of(trainer)):
                for optimizer, compute in zip(optimizers, closures, strict=True):
                    self._step(batch_idx, optimizer, compute)
        if counts:
            progress.increment_completed()

    def _step(self, batch_idx: int, optimizer: Any, closure: Callable[[], Tensor | None]) -> None:
        assert call_module_hook is not None
        trainer = self._trainer
        call_module_hook(trainer, "optimizer_step", trainer.current_epoch, batch_idx, optimizer, closure)


def _scaler_of(trainer: pl.Trainer) -> Any:
    return getattr(trainer.precision_plugin, "scaler", None)


class PerformedSteps:
    """Tell whether an optimizer has stepped since it was last asked, without a look at any tensor.

    Lightning counts a step where none was made: the gradient scaler of half precision skips those whose gradients
    overflow, and an ``optimizer_step`` of the user's may leave some out. Only a fused optimizer under a scaler
    decides on the device; its verdict is read, as the scaler reads it for every other one.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(()))])
        >>> performed = PerformedSteps()
        >>> performed.watch([optimizer])
        >>> performed.any
        False
        >>> optimizer.step()
        >>> performed.any
        True
    """

    def __init__(self) -> None:
        self.any = self._is_deaf = False
        self._watched, self._handles = list[Any](), list[RemovableHandle]()

    def watch(self, optimizers: Sequence[Any]) -> None:
        """Begin a batch.

        Args:
            optimizers: Those that may step in it.
        """
        self.any = self._is_deaf
        if optimizers != self._watched:
            self._watch_others(optimizers)

    def _watch_others(self, optimizers: Sequence[Any]) -> None:
        self.forget()
        self._watched, telling = list(optimizers), [optimizer for optimizer in optimizers if _tells(optimizer)]
        self._handles = [optimizer.register_step_post_hook(self._note) for optimizer in telling]
        # One that torch's hooks do not reach counts as Lightning counts it.
        self.any = self._is_deaf = len(telling) < len(optimizers)

    def _note(self, optimizer: Optimizer, *_: Any) -> None:
        overflow = getattr(optimizer, "found_inf", None)  # Set by a scaler that leaves the decision to the optimizer.
        if overflow is None or not overflow.item():
            self.any = True

    def forget(self) -> None:
        """Leave the optimizers as they were."""
        while self._handles:
            self._handles.pop().remove()
        self._watched, self._is_deaf = [], False


def _tells(optimizer: Any) -> bool:
    """Whether torch calls hooks after its step; a wrapper that looks like an optimizer may not be one inside."""
    return hasattr(optimizer, "_optimizer_step_post_hooks") and getattr(type(optimizer).step, "hooked", False)
