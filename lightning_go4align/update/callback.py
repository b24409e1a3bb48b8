"""Multi-task optimization as a Lightning callback."""

from typing import Any, Literal

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.update.balancer import Balancer
from lightning_go4align.update.interception import Interception
from lightning_go4align.update.report import Report
from lightning_go4align.update.rows import signals_row
from lightning_go4align.update.signals import Signals

Optimization = Literal["manual", "automatic"]


class MultiTaskCallback(Callback):
    """Train a LightningModule that returns several losses with a method of multi-task optimization.

    The module stays as it is, but that its ``training_step`` returns a mapping of task names to scalar losses, or
    ``{"task_losses": {...}, ...}`` with other entries beside it. Each step its losses are weighed and the model is
    updated as Lightning would: accumulation, clipping, precision, schedulers, several optimizers, distributed
    training and checkpoints keep their meaning. A task may be absent from a step: left out, or None.

    The method's state is saved in checkpoints with the callback. What it draws at random comes from a stream of its
    own, which ``seed_everything`` starts: equal on all ranks, saved with it, and without effect on what the model
    draws. Losses, weights and groups go to the loggers at their interval, see ``signals_row``.

    Args:
        method: How tasks are balanced: a TorchJD ``Scalarizer`` (losses to objective, such as ``GO4Align``) or
            ``Aggregator`` (Jacobian to gradient, such as ``torchjd.aggregation.MGDA``).
        optimization: ``"manual"``: the callback drives Lightning's manual optimization, also with several
            optimizers. ``"automatic"``: it only hands the objective to Lightning. Both give the same bits.

    Raises:
        TypeError: If ``method`` is neither, or ``training_step`` returns no task losses.
        ValueError: If ``optimization`` is neither, ``training_step`` returns other tasks than in the first step, or
            the method finds no finite weights.
        MisconfigurationException: If the module or the trainer does not fit.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> trainer = pl.Trainer(
        ...     callbacks=MultiTaskCallback(GO4Align(num_groups=2)), logger=False, enable_checkpointing=False
        ... )
    """

    def __init__(self, method: Scalarizer | Aggregator, optimization: Optimization = "manual") -> None:
        if not isinstance(method, Scalarizer | Aggregator):
            raise TypeError(f"`method` must be a TorchJD Scalarizer or Aggregator, but is a {type(method).__name__}.")
        if optimization not in ("manual", "automatic"):
            raise ValueError(f"`optimization` must be 'manual' or 'automatic', but is {optimization!r}.")
        self.method = method
        self.optimization = optimization
        self._balancer = Balancer(method)
        self._interception: Interception | None = None
        self._owner: object | None = None
        self._report = Report(method)
        self._step = self._read_step = 0

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the first step; empty before it."""
        return self._balancer.tasks

    @property
    def signals(self) -> Signals | None:
        """What the last step told about the tasks; None before the first."""
        return self._balancer.signals

    def join(self, trainer: pl.Trainer, owner: object) -> None:
        """Enter a trainer's callbacks for a module that brings this one, in the place of an earlier module's.

        Args:
            trainer: The trainer.
            owner: The module, which the trainer is about to run.

        Raises:
            MisconfigurationException: If the user gave the trainer one, too.
        """
        self._owner = owner
        if any(other._owner is None for other in self._others(trainer)):
            raise MisconfigurationException(
                f"{type(owner).__name__} is a MultiTaskModule and brings its own `MultiTaskCallback`: remove the one "
                "in `trainer.callbacks`, or derive the module from LightningModule."
            )
        rest = [callback for callback in _callbacks(trainer) if not isinstance(callback, MultiTaskCallback)]
        trainer.callbacks = [self, *rest]  # type: ignore[attr-defined]  # as in `_callbacks`

    def _others(self, trainer: pl.Trainer) -> list["MultiTaskCallback"]:
        callbacks = _callbacks(trainer)
        return [other for other in callbacks if isinstance(other, MultiTaskCallback) and other is not self]

    @override
    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self._owner not in (None, pl_module):
            # A new list, for the old one is being walked through.
            rest = [callback for callback in _callbacks(trainer) if callback is not self]
            trainer.callbacks = rest  # type: ignore[attr-defined]  # as in `_callbacks`
            return
        if stage != "fit":
            return
        if any(other._owner in (None, pl_module) for other in self._others(trainer)):
            raise MisconfigurationException(
                "Two methods would drive one training step. A MultiTaskModule brings its own `MultiTaskCallback`: "
                "remove the one in `trainer.callbacks`, or keep only one of several."
            )
        self._interception = Interception(trainer, pl_module, self._balancer, self.optimization)
        self._report = Report(self.method)

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step = self._read_step = trainer.global_step

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._interception is None:
            return
        self._balancer.check(self._step)
        if trainer.global_step != self._step:
            self._step = trainer.global_step
            self._interception.after_step()
            # A connector sets it, which the types do not know.
            interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
            if trainer.loggers and interval and self._step % interval == 0:
                self._read(trainer.loggers)
        self._interception.forget_batch()

    def _read(self, loggers: list[Logger]) -> None:
        """Read the numbers of the step once, for all loggers; each ``self.log`` would read on its own."""
        signals, bad_steps = self.signals, self._balancer.bad.steps
        if signals is None or bad_steps is None or self._step == self._read_step:
            return
        self._read_step = self._step
        row = signals_row(self.tasks, signals, bad_steps)
        for logger in loggers:
            logger.log_metrics(row.logged, step=self._step - 1)
        self._report.losses(self.tasks, row)
        self._report.weights(self.tasks, row)

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Not in `on_train_epoch_start`, which Lightning leaves out after a resume from an epoch's last batch.
        self._balancer.begin_epoch(trainer.current_epoch)
        if self._interception is not None:
            self._interception.begin_batch(batch_idx)

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._read([])

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._lift()

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._lift()

    def _lift(self) -> None:
        if self._interception is not None:
            self._interception.lift()
            self._interception = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the trainer out of a copy: averaged models are deep copies of the module with its callback."""
        return {**vars(self), "_interception": None}

    @override
    def state_dict(self) -> dict[str, Any]:
        return self._balancer.state_dict()

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._balancer.load_state_dict(state_dict)


def _callbacks(trainer: pl.Trainer) -> list[Callback]:
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
    return callbacks
