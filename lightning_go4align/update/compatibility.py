"""The private names of Lightning that manual optimization on the user's behalf needs: all of them, and only here."""

from collections.abc import Callable
from functools import cache
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.core import optimizer as optimizers_of_lightning
from lightning.pytorch.core.mixins import hparams_mixin
from lightning.pytorch.trainer import call
from torch import Tensor
from torch.optim import Optimizer

from lightning_go4align.update.shadows import Shadows

PRIVATE_NAMES = (
    "fit_loop.epoch_loop._should_accumulate",
    "fit_loop.epoch_loop.automatic_optimization.run",
    "fit_loop.epoch_loop.automatic_optimization.optim_progress",
    "fit_loop.epoch_loop.automatic_optimization._skip_backward",
    "fit_loop.epoch_loop.automatic_optimization._on_before_zero_grad",
    "fit_loop.epoch_loop.automatic_optimization._optimizer_zero_grad",
    "fit_loop.epoch_loop.manual_optimization.run",
    "fit_loop.epoch_loop.manual_optimization.optim_step_progress",
    "strategy._lightning_optimizers",
    "precision_plugin._clip_gradients",
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
    module = pl.LightningModule() if trainer.lightning_module is None else trainer.lightning_module
    others = [*PRIVATE_FUNCTIONS, (module, "_automatic_optimization"), (module, "_current_fx_name")]
    return [path for path in PRIVATE_NAMES if not _exists(trainer, path)] + [
        name for owner, name in others if not hasattr(owner, name)
    ]


def _exists(owner: Any, path: str) -> bool:
    for name in path.split("."):
        if not hasattr(owner, name):
            return False
        owner = getattr(owner, name)
    return True


def loses_static_graph(trainer: pl.Trainer) -> bool:
    """Tell whether manual optimization would train each rank on its own: before Lightning 2.6, with ``static_graph``.

    Args:
        trainer: A trainer, of any version.

    Returns:
        True if gradients would not be averaged over ranks.

    Example:
        >>> loses_static_graph(pl.Trainer(logger=False, enable_checkpointing=False))
        False
    """
    strategy = trainer.strategy
    static = getattr(strategy, "_ddp_kwargs", {}).get("static_graph", False)
    return bool(static) and not hasattr(strategy, "_pl_static_graph_delay_done")


class ManualScope:
    """Manual optimization within the training step and automatic optimization around it.

    Lightning's own validator, schedulers, counters, checkpoints and callbacks see ``automatic_optimization=True``;
    the user's ``training_step``, ``backward`` and the distributed wrapper see False. Whatever automatic optimization
    would do is done here at the same place: accumulation, zero_grad, clipping, several optimizers, counters.

    Args:
        trainer: The trainer, before its strategy has been set up.
        shadows: Where what is changed is undone.
    """

    def __init__(self, trainer: pl.Trainer, shadows: Shadows) -> None:
        self._trainer = trainer
        self._loop = trainer.fit_loop.epoch_loop
        self._batch_idx = 0
        self._schedulers: dict[int, dict[str, Any]] = {}
        module, precision = trainer.lightning_module, trainer.precision_plugin
        shadows.cast(module, "configure_optimizers", self._keeping_schedulers(module.configure_optimizers))
        shadows.cast(self._loop.automatic_optimization, "run", self._run)
        shadows.cast(precision, "_clip_gradients", self._clipping(precision._clip_gradients))

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

    def restore_schedulers(self) -> None:
        """Give the schedulers of several optimizers back what Lightning dropped; call it in ``on_fit_start``."""
        for config in self._trainer.lr_scheduler_configs:
            for name, value in self._schedulers.get(id(config.scheduler), {}).items():
                setattr(config, name, value)
        self._trainer.lightning_module.automatic_optimization = True

    def _run(self, optimizer: Optimizer, batch_idx: int, kwargs: Any) -> Any:
        """Stand in the place of ``automatic_optimization.run`` for one batch."""
        module, automatic, manual = (
            self._trainer.lightning_module,
            self._loop.automatic_optimization,
            self._loop.manual_optimization,
        )
        steps = automatic.optim_progress.optimizer_steps
        manual.optim_step_progress.total.ready = manual.optim_step_progress.total.completed = steps
        self._batch_idx = batch_idx
        _set_automatic(module, False)
        try:
            return manual.run(kwargs)
        finally:
            _set_automatic(module, True)

    def _clipping(self, clip: Callable[..., None]) -> Callable[..., None]:
        def clip_gradients(model: Any, *args: Any, **kwargs: Any) -> None:
            before = model.automatic_optimization
            _set_automatic(model, True)
            try:
                clip(model, *args, **kwargs)
            finally:
                _set_automatic(model, before)

        return clip_gradients

    def step(self, compute: Callable[[], Tensor | None]) -> None:
        """Do zero_grad, backward and the optimizer step as automatic optimization would.

        Args:
            compute: Runs the user's step and returns the objective, shape ``[]``, or None to skip the batch.
        """
        automatic, strategy = self._loop.automatic_optimization, self._trainer.strategy
        accumulating = not strategy.handles_gradient_accumulation and self._loop._should_accumulate()
        closure = self._closure(compute)
        if not accumulating:
            automatic.optim_progress.optimizer.step.increment_ready()
            self._step_optimizers(closure)
            automatic.optim_progress.optimizer.step.increment_completed()
        elif hasattr(strategy, "block_backward_sync"):
            with strategy.block_backward_sync():
                closure()
        else:
            closure()

    def _closure(self, compute: Callable[[], Tensor | None]) -> Callable[[], Tensor | None]:
        trainer, automatic = self._trainer, self._loop.automatic_optimization

        def closure() -> Tensor | None:
            with torch.enable_grad():
                objective = self._as_training_step(compute)
                if automatic._skip_backward:  # SWA refreshes BatchNorm's statistics.
                    return None if objective is None else objective.detach()
                if self._batch_idx % trainer.accumulate_grad_batches == 0:
                    for optimizer in trainer.optimizers:
                        automatic._on_before_zero_grad(optimizer)
                        automatic._optimizer_zero_grad(self._batch_idx, optimizer)
                if objective is None:
                    _set_automatic(trainer.lightning_module, True)  # As mixed precision wants it, to skip unscaling.
                    return None
                trainer.lightning_module.manual_backward(objective)
                return objective.detach()

        return closure

    def _as_training_step(self, compute: Callable[[], Tensor | None]) -> Tensor | None:
        """Let what the step logs go by the hook's name also where it runs within ``optimizer_step``."""
        attributes = vars(self._trainer.lightning_module)
        before = attributes["_current_fx_name"]
        attributes["_current_fx_name"] = "training_step"
        try:
            return compute()
        finally:
            attributes["_current_fx_name"] = before

    def _step_optimizers(self, closure: Callable[[], Tensor | None]) -> None:
        trainer, batch_idx = self._trainer, self._batch_idx
        optimizers = trainer.strategy._lightning_optimizers
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        compute = closure if len(optimizers) == 1 else cache(closure)
        stepped: list[None] = []
        for optimizer in optimizers[:-1]:  # A batch is one global step, however many optimizers make it.
            optimizer._on_before_step = optimizer._on_after_step = _do_nothing
        with Shadows() as shadows:
            if scaler is not None and len(optimizers) > 1:  # Its scale stays that of the one backward pass.
                shadows.cast(scaler, "update", lambda: stepped.append(None))
            for optimizer in optimizers:
                call._call_lightning_module_hook(
                    trainer, "optimizer_step", trainer.current_epoch, batch_idx, optimizer, compute
                )
        if scaler is not None and stepped:
            scaler.update()


def _do_nothing() -> None: ...


def _set_automatic(module: Any, automatic: bool) -> None:
    """Set ``automatic_optimization`` past ``nn.Module``, whose look at what it is set to costs as much as a layer."""
    vars(module)["_automatic_optimization"] = automatic


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


def logged_names(trainer: pl.Trainer) -> set[str]:
    """List the names under which the module has logged for loggers, in this epoch or before; no value is read.

    Args:
        trainer: The trainer, fitting.

    Returns:
        The names, as the loggers see them.

    Example:
        >>> logged_names(pl.Trainer(logger=False, enable_checkpointing=False))
        set()
    """
    metas = [result.meta for result in (trainer._results or {}).values() if result.meta.logger]
    now = {meta.forked_name(on_step) for meta in metas for on_step in (meta.on_step, not meta.on_epoch)}
    return now | set(trainer._logger_connector._logged_metrics)


def builds_from_config() -> bool:
    """Tell whether LightningCLI is building a module, whose hyperparameters are then the configuration.

    Returns:
        True within such a construction.

    Example:
        >>> builds_from_config()
        False
    """
    given = getattr(hparams_mixin, "_given_hyperparameters", None)
    return given is not None and given.get() is not None
