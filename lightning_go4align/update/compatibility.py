"""The private names of Lightning that driving its optimizers needs: all of them, and only here."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.core import optimizer as optimizers_of_lightning
from lightning.pytorch.core.mixins import hparams_mixin
from lightning.pytorch.trainer import call
from torch import Tensor
from torch.optim import Optimizer

from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.shadows import Shadows

Clear = Callable[[], None]

PRIVATE_NAMES = (
    "fit_loop._should_accumulate",
    "fit_loop.epoch_loop.automatic_optimization._make_zero_grad_fn",
    "fit_loop.epoch_loop.automatic_optimization._optimizer_step",
    "fit_loop.epoch_loop.automatic_optimization.optim_progress",
    "strategy._lightning_optimizers",
)
PRIVATE_FUNCTIONS = (
    (optimizers_of_lightning, "_configure_optimizers"),
    (optimizers_of_lightning, "_configure_schedulers_automatic_opt"),
    (call, "_call_lightning_module_hook"),
)


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
    return [path for path in PRIVATE_NAMES if not _exists(trainer, path)] + [
        name for owner, name in PRIVATE_FUNCTIONS if not hasattr(owner, name)
    ]


def _exists(owner: Any, path: str) -> bool:
    for name in path.split("."):
        if not hasattr(owner, name):
            return False
        owner = getattr(owner, name)
    return True


class OptimizersDriver:
    """Drive every optimizer of a module at the places where automatic optimization drives its one.

    All of them are cleared before the backward pass, and step after it, as one global step. The user's step alone
    runs within the forward pass of the strategy and the precision plugin's context; what follows runs outside them,
    with ``automatic_optimization`` True, as all hooks know it.

    Args:
        trainer: The trainer, before its strategy has been set up.
        shadows: Where what is changed is undone.
    """

    def __init__(self, trainer: pl.Trainer, shadows: Shadows) -> None:
        self._trainer = trainer
        self._loop = trainer.fit_loop.epoch_loop.automatic_optimization
        self._schedulers: dict[int, dict[str, Any]] = {}
        module, strategy = trainer.lightning_module, trainer.strategy
        shadows.cast(module, "configure_optimizers", self._keeping_schedulers(module.configure_optimizers))
        shadows.cast(strategy, "setup_optimizers", self._restoring_schedulers(strategy.setup_optimizers))
        shadows.cast(self._loop, "_make_zero_grad_fn", self._clearing_all(self._loop._make_zero_grad_fn))
        shadows.cast(self._loop, "_optimizer_step", self._step_all)

    def _keeping_schedulers(self, configure: Callable[[], Any]) -> Callable[[], Any]:
        """Let several optimizers pass Lightning's check, and keep what it would drop of their schedulers then."""

        def configure_optimizers() -> Any:
            configured = configure()
            optimizers, schedulers, monitor = _parse(configured)
            if len(optimizers) < 2:
                return configured
            configs = optimizers_of_lightning._configure_schedulers_automatic_opt(schedulers, monitor)
            self._schedulers = {id(config.scheduler): vars(config) for config in configs}
            self._trainer.lightning_module.automatic_optimization = False
            return optimizers, [config.scheduler for config in configs]

        return configure_optimizers

    def _restoring_schedulers(self, setup: Callable[..., None]) -> Callable[..., None]:
        """Give the schedulers of several optimizers back what Lightning dropped."""

        def setup_optimizers(trainer: pl.Trainer) -> None:
            self._schedulers = {}
            try:
                setup(trainer)
            finally:
                trainer.lightning_module.automatic_optimization = True
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
        optimizers = trainer.strategy._lightning_optimizers
        counts = not trainer.fit_loop._should_accumulate()  # Some strategies accumulate within the optimizer's step.
        closures = [closure] if len(optimizers) == 1 else _sharing(closure, len(optimizers))
        if counts:
            progress.increment_ready()
        with _one_scale(trainer.precision_plugin, len(optimizers)):
            for optimizer, compute in zip(optimizers, closures, strict=True):
                call._call_lightning_module_hook(
                    trainer, "optimizer_step", trainer.current_epoch, batch_idx, optimizer, compute
                )
        if counts:
            progress.increment_completed()


def _sharing(closure: Callable[[], Tensor | None], number: int) -> list[Callable[[], Tensor | None]]:
    """Let the optimizers share one backward pass, and those that ask again (LBFGS) have another."""
    results: list[Tensor | None] = []

    def make() -> Callable[[], Tensor | None]:
        asked = False

        def compute() -> Tensor | None:
            nonlocal asked
            if asked or not results:
                results[:] = [closure()]
            asked = True
            return results[0]

        return compute

    return [make() for _ in range(number)]


@contextmanager
def _one_scale(precision: Any, number: int) -> Iterator[None]:
    """Let several optimizers step with the gradient scale of their one backward pass, and then adapt it once."""
    scaler = getattr(precision, "scaler", None)
    updates: list[None] = []
    with Shadows() as shadows:
        if scaler is not None and number > 1:
            shadows.cast(scaler, "update", lambda: updates.append(None))
        yield
    if scaler is not None and updates:
        scaler.update()


def _parse(configured: Any) -> tuple[list[Any], list[Any], str | None]:
    """Read what ``configure_optimizers`` returned: optimizers, schedulers, and the metric to monitor."""
    parse = getattr(optimizers_of_lightning, "_configure_optimizers", None)
    found: tuple[list[Any], list[Any], str | None] = ([], [], None)
    return found if configured is None or parse is None else parse(configured)


def refuse_several_optimizers(module: pl.LightningModule, shadows: Shadows) -> None:
    """Say before Lightning does that automatic optimization has one optimizer, and what to do about it.

    Args:
        module: The module whose ``configure_optimizers`` is watched.
        shadows: Where what is changed is undone.
    """
    configure = module.configure_optimizers

    def configure_optimizers() -> Any:
        configured = configure()
        number = len(_parse(configured)[0])
        if number > 1:
            raise MisconfigurationException(
                f"{type(module).__name__} configures {number} optimizers, of which automatic optimization drives "
                "one. Give `MultiTaskCallback` or `MultiTaskModule` `optimization='manual'`, which drives them all; "
                "where that was not possible, use one optimizer with several parameter groups."
            )
        return configured

    shadows.cast(module, "configure_optimizers", configure_optimizers)


def builds_from_config() -> bool:
    """Tell whether LightningCLI is building a module, whose hyperparameters are then the configuration.

    Returns:
        True within such a construction.

    Example:
        >>> builds_from_config()
        False
    """
    mixins = [hparams_mixin, sys.modules.get("pytorch_lightning.core.mixins.hparams_mixin")]
    given = [getattr(mixin, "_given_hyperparameters", None) for mixin in mixins]
    return any(each is not None and each.get() is not None for each in given)
