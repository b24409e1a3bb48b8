"""Multi-task optimization as a Lightning callback."""

from collections.abc import Sequence
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning_utilities.core.rank_zero import rank_zero_info
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.update.balancer import Balancer
from lightning_go4align.update.compatibility import logged_names
from lightning_go4align.update.continuation import Continuation
from lightning_go4align.update.entries import check_names
from lightning_go4align.update.interception import Interception
from lightning_go4align.update.keys import Keys
from lightning_go4align.update.picked import Pick, check_pick
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

    A tensor without a graph among the losses is refused in the first step, for it is a metric or a detached number.
    Later, for a declared task, and while parameters are frozen it counts as absent, and a warning says so once.

    The method's state is saved in checkpoints with the callback, and a resume goes on with it. A fit without a
    checkpoint goes on with it where the model goes on too: the same trainer fits the same module again, or the
    parameters are as an earlier fit left them. For any other model it begins anew, from what the method knew before
    the first fit; an info line says which. What it draws at random comes from a stream of its own: equal on all
    ranks, saved with it, without effect on what the model draws, and decided by the seed of ``seed_everything``
    alone, so that two fits under one seed draw the same. Losses, weights and groups go to the loggers at their
    interval, see ``signals_row``.

    Args:
        method: How tasks are balanced: a TorchJD ``Scalarizer`` (losses to objective, such as ``GO4Align``) or
            ``Aggregator`` (Jacobian to gradient, such as ``torchjd.aggregation.MGDA``).
        optimization: ``"manual"``: the callback drives Lightning's manual optimization, also with several
            optimizers. ``"automatic"``: it only hands the objective to Lightning. Both give the same bits.
        tasks: Names of all tasks, in order. Needed where the first batch may lack one, and then no other is taken;
            without it the tasks are those of the first step, whether present there or None.
        losses: Picks the task losses where ``training_step`` returns something else, as ``(module, output, batch) ->
            {task: loss}`` of the module, what its step returned, and the batch. The step's other entries stay in
            ``outputs`` of ``on_train_batch_end``, and its own loss as ``step_loss``.

    Raises:
        TypeError: If ``method`` is neither, ``losses`` no such function, or there are no task losses.
        ValueError: If ``optimization`` is neither, ``tasks`` are no distinct names, ``training_step`` returns other
            tasks, or the method finds no finite weights.
        MisconfigurationException: If the module or the trainer does not fit.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> trainer = pl.Trainer(
        ...     callbacks=MultiTaskCallback(GO4Align(num_groups=2)), logger=False, enable_checkpointing=False
        ... )
    """

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        optimization: Optimization = "manual",
        tasks: Sequence[str] | None = None,
        losses: Pick | None = None,
    ) -> None:
        if not isinstance(method, Scalarizer | Aggregator):
            raise TypeError(f"`method` must be a TorchJD Scalarizer or Aggregator, but is a {type(method).__name__}.")
        if optimization not in ("manual", "automatic"):
            raise ValueError(f"`optimization` must be 'manual' or 'automatic', but is {optimization!r}.")
        if losses is not None:
            check_pick(losses)
        self.method = method
        self.optimization = optimization
        self._losses = losses
        self._balancer = Balancer(method, () if tasks is None else check_names(tasks))
        self._fits = Continuation()
        self._evaluates = False
        self._interception: Interception | None = None
        self._owner: object | None = None
        self._report, self._keys = Report(method), Keys()
        self._step = self._read_step = 0

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, as declared or in the order of the first step; empty before it."""
        return self._balancer.tasks

    @property
    def signals(self) -> Signals | None:
        """What the last step told about the tasks; None before the first."""
        return self._balancer.signals

    @property
    def goes_on(self) -> bool:
        """Whether the last fit went on with the one before, or began anew."""
        return self._fits.has_gone_on

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
        self._evaluates = stage != "fit"
        if self._evaluates:
            return
        if any(other._owner in (None, pl_module) for other in self._others(trainer)):
            raise MisconfigurationException(
                "Two methods would drive one training step. A MultiTaskModule brings its own `MultiTaskCallback`: "
                "remove the one in `trainer.callbacks`, or keep only one of several."
            )
        self._fits.begin(trainer, pl_module, self._balancer)
        self._interception = Interception(trainer, pl_module, self._balancer, self.optimization, self._losses)
        self._report, self._keys = Report(self.method), Keys()

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step = self._read_step = trainer.global_step
        if self._fits.told is not None:  # And no checkpoint was loaded since.
            rank_zero_info(self._fits.told)

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
                self._read(trainer, trainer.loggers)
        self._interception.forget_batch()

    def _read(self, trainer: pl.Trainer, loggers: list[Logger]) -> None:
        """Read the numbers of the step once, for all loggers; each ``self.log`` would read on its own."""
        signals, bad_steps = self.signals, self._balancer.bad.steps
        if signals is None or bad_steps is None or self._step == self._read_step:
            return
        self._read_step = self._step
        row = signals_row(self.tasks, signals, bad_steps)
        logged = self._keys.apart(row.logged, logged_names(trainer)) if loggers else {}
        for logger in loggers:
            logger.log_metrics(logged, step=self._step - 1)
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
        self._read(trainer, [])

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._lift(trainer, pl_module)

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._lift(trainer, pl_module)

    def _lift(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._evaluates = False
        if self._interception is not None:
            self._interception.lift()
            self._interception = None
            self._fits.end(trainer, pl_module)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the trainer out of a copy: averaged models are deep copies of the module with its callback."""
        return {**vars(self), "_interception": None, "_fits": Continuation()}

    @override
    def state_dict(self) -> dict[str, Any]:
        return self._balancer.state_dict()

    @override
    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        states = checkpoint.get("callbacks", {})
        if self.state_key not in states:
            rank_zero_info(f"The checkpoint holds no state of {self.method}: the method begins anew.")
        elif not states[self.state_key]:  # Lightning would pass over it in silence.
            self.load_state_dict(states[self.state_key])

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        try:
            self._balancer.load_state_dict(state_dict)
        except (MisconfigurationException, ValueError) as error:
            if not self._evaluates:  # Validation, test and prediction need no method.
                raise
            rank_zero_info(f"The state of {self.method} is not loaded for this evaluation: {error}")
        self._fits.told = None


def _callbacks(trainer: pl.Trainer) -> list[Callback]:
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
    return callbacks
