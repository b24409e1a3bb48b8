"""Multi-task optimization as a Lightning callback."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning_utilities.core.rank_zero import rank_zero_info
from torch import Tensor
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.update.continuation import Continuation
from lightning_go4align.update.entries import check_names
from lightning_go4align.update.given_method import check_method
from lightning_go4align.update.interception import check_parts, intercept
from lightning_go4align.update.membership import enter, leave, refuse_second, watchers_of
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.patches import AttributePatches
from lightning_go4align.update.picked import Pick, check_pick
from lightning_go4align.update.readout import Readout
from lightning_go4align.update.record import HostNumbers, StepRecord
from lightning_go4align.update.signals import Signals
from lightning_go4align.update.step_log import StepLog
from lightning_go4align.update.training_step import TrainingStep

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
    checkpoint goes on with it where the model goes on too, see ``Continuation``; for any other model it begins anew,
    from what the method knew before the first fit; an info line says which. What it draws at random comes from a
    stream of its own, see ``RandomStream``. Losses, weights and groups go to the loggers at their interval, see
    ``step_row``. ``objective``, ``loss/<task>`` and ``weight/<task>`` stand in ``trainer.callback_metrics``, so that
    ``EarlyStopping(monitor="loss/depth")`` and the like work: those of the last step at the loggers' interval, means
    over the epoch so far before a validation and at the end of an epoch.

    A task that starves (its part of the weighted loss stays below a thousandth of an even one for half an epoch or
    1,000 steps), one of weight 0, and a loss below 0 that the method cannot take are told once, with the way out.

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
        prog_bar: What the progress bar shows, by the names that the loggers get, as ``("objective", "loss/depth")``.

    Attributes:
        owner: The module that brings the callback; None if the user gave it to the trainer.

    Raises:
        TypeError: If ``method`` is neither, ``losses`` no such function, or there are no task losses.
        ValueError: If ``optimization`` is neither, ``tasks`` are no distinct names, ``training_step`` returns other
            tasks, or the method finds no finite weights.
        MisconfigurationException: If the module or the trainer does not fit.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> callback = MultiTaskCallback(GO4Align(num_groups=2))
        >>> trainer = pl.Trainer(callbacks=callback, logger=False, enable_checkpointing=False)
        >>> callback.tasks, callback.task_weights, callback.groups, callback.last_step
        ([], {}, {}, None)
    """

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        optimization: Optimization = "manual",
        tasks: Sequence[str] | None = None,
        losses: Pick | None = None,
        prog_bar: Sequence[str] = ("objective",),
    ) -> None:
        check_method(method)
        if optimization not in ("manual", "automatic"):
            raise ValueError(f"`optimization` must be 'manual' or 'automatic', but is {optimization!r}.")
        if losses is not None:
            check_pick(losses)
        self.method = method
        self.optimization = optimization
        self.owner: object | None = None
        self._losses = losses
        self._memory = Memory(method, () if tasks is None else check_names(tasks))
        self._fits = Continuation()
        self._evaluates = False
        self._training: TrainingStep | None = None
        self._patches = AttributePatches()
        self._readout = Readout()
        self._log = StepLog(method, self._readout)
        self._prog_bar = [prog_bar] if isinstance(prog_bar, str) else list(prog_bar)
        self._step = self._epoch_start = 0
        self._epoch = -1

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, as declared or in the order of the first step; empty before it."""
        return self._memory.tasks.names

    @property
    def last_step(self) -> StepRecord | None:
        """What the last batch found about its tasks, on their device; None before the first."""
        return self._memory.driver.last_step

    @property
    def task_weights(self) -> dict[str, Tensor]:
        """The last weight of each task, a tensor of shape ``[]``; empty before the first step, or without weights."""
        return {} if self.last_step is None else self.last_step.task_weights

    @property
    def groups(self) -> dict[str, Tensor]:
        """The last group of each task, an int64 tensor of shape ``[]``, -1 for none; empty if nothing is grouped."""
        return {} if self.last_step is None else self.last_step.groups

    @property
    def signals(self) -> Signals | None:
        """The former name of ``last_step``."""
        warnings.warn("`signals` will be removed: read `last_step`.", DeprecationWarning, stacklevel=2)
        record = self.last_step
        return None if record is None else Signals(record.losses, record.weights, record.indicators, record.grouping)

    @property
    def goes_on(self) -> bool:
        """Whether the last fit went on with the one before, or began anew."""
        return self._fits.has_gone_on

    def join(self, trainer: pl.Trainer, owner: object) -> None:
        """Enter a trainer's callbacks for a module that brings this one, in the place of an earlier module's.

        Args:
            trainer: The trainer.
            owner: The module, which the trainer is about to run.
        """
        self.owner = owner
        enter(trainer, self, owner)

    @override
    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self.owner not in (None, pl_module):
            leave(trainer, self)
            return
        self._evaluates = stage != "fit"
        if self._evaluates:
            return
        refuse_second(trainer, self, pl_module)
        self._fits.begin(trainer, pl_module, self._memory)
        check_parts(trainer, pl_module, self._memory)
        watchers = watchers_of(trainer)
        self._readout = Readout(keeps_steps=bool(watchers))
        self._log = StepLog(self.method, self._readout, watchers, self._prog_bar, trainer.global_step)
        self._training = TrainingStep(trainer, pl_module, self._memory, self._losses, self._readout)
        self._patches = intercept(trainer, pl_module, self._memory, self._training, self.optimization)

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step = self._epoch_start = trainer.global_step
        self._epoch = -1
        if self._fits.told is not None:  # And no checkpoint was loaded since.
            rank_zero_info(self._fits.told)

    @override
    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Not in `on_train_epoch_start`, which Lightning leaves out after a resume from an epoch's last batch.
        if trainer.current_epoch != self._memory.epoch:
            self._memory.begin_epoch(trainer.current_epoch)
        if trainer.current_epoch != self._epoch:
            self._epoch, self._epoch_start = trainer.current_epoch, self._step
            self._readout.begin_epoch()
        if self._training is not None:
            self._training.begin_batch(batch_idx)

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._training is not None and self._training.end_batch(self._step):
            self._step = trainer.global_step
            # A connector sets it, which the types do not know.
            interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
            if interval and self._step % interval == 0:
                self._log.hand_on(trainer)
            elif self._readout.is_due:
                self._log.tell()
            elif self._readout.is_full:
                self._log.read()

    def read_steps(self) -> HostNumbers | None:
        """Copy what waits on the device to the host, once for each step; monitors get what was kept for them.

        Returns:
            The numbers of the last step; None if there was none in this fit.
        """
        return self._log.read()

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log.tell(self._epoch_start)
        self._log.publish_means(trainer)

    @override
    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._training is not None and not trainer.sanity_checking:
            self._log.publish_means(trainer)

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._undo(trainer, pl_module)

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._undo(trainer, pl_module)

    def _undo(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._evaluates = False
        if self._training is not None:
            self._patches.undo()
            self._training = None
            self._fits.end(trainer, pl_module)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the trainer out of a copy: averaged models are deep copies of the module with its callback."""
        log = StepLog(self.method, Readout())
        return {**vars(self), "_training": None, "_patches": AttributePatches(), "_log": log, "_fits": Continuation()}

    def __repr__(self) -> str:
        state = f"after {self._step} steps" if self._step else "not trained"
        return f"MultiTaskCallback({self.method!r}, {self.optimization!r}, tasks={self.tasks}; {state})"

    @override
    def state_dict(self) -> dict[str, Any]:
        return self._memory.state_dict()

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
            self._memory.load_state_dict(state_dict)
        except (MisconfigurationException, ValueError) as error:
            if not self._evaluates:  # Validation, test and prediction need no method.
                raise
            rank_zero_info(f"The state of {self.method} is not loaded for this evaluation: {error}")
        self._fits.told = None
