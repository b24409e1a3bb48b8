"""Multi-task optimization as a Lightning callback."""

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning_utilities.core.rank_zero import rank_zero_info
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.update.continuation import Continuation
from lightning_go4align.update.entries import check_names
from lightning_go4align.update.families import Family, shown
from lightning_go4align.update.given_method import Optimization, check_given
from lightning_go4align.update.hyperparameters import log_settings
from lightning_go4align.update.interception import intercept
from lightning_go4align.update.last_step import overridable_property
from lightning_go4align.update.membership import enter, leave, refuse_second
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.monitored import point_out
from lightning_go4align.update.parts import check_parts, refuse_different
from lightning_go4align.update.patches import AttributePatches
from lightning_go4align.update.picked import Pick, check_pick
from lightning_go4align.update.record import HostNumbers, StepRecord
from lightning_go4align.update.step_log import StepLog
from lightning_go4align.update.telling import TellsOfItself
from lightning_go4align.update.together import Together
from lightning_go4align.update.training_step import TrainingStep


class MultiTaskCallback(TellsOfItself, pl.Callback):
    """Train a LightningModule that returns several losses with a method of multi-task optimization.

    The module stays as it is, but that its ``training_step`` returns a mapping of task names to scalar losses, or
    ``{"task_losses": {...}, ...}`` with other entries beside it. Each step its losses are weighed and the model is
    updated as Lightning would under all that its trainer was told. A task may be absent: left out, or None.
    Checkpoints hold the method's state. A fit without one goes on with it where the model does, see ``Continuation``.
    Losses, weights and groups go to the loggers, see ``step_row``; means of the epoch so far to callbacks, for
    ``EarlyStopping(monitor="loss/depth")`` and the like. What goes wrong is told once, see ``StepWarnings``.

    Args:
        method: How tasks are balanced: a TorchJD ``Scalarizer`` (losses to objective, as ``RobustGO4Align``) or
            ``Aggregator`` (Jacobian to gradient, such as ``torchjd.aggregation.MGDA``).
        optimization: ``"manual"``: the callback drives Lightning's manual optimization, also with several
            optimizers. ``"automatic"``: it only hands the objective to Lightning. Both give the same bits.
        tasks: Names of all tasks, in order, where the first batch may lack one; without it those of the first step.
        losses: Picks the task losses where ``training_step`` returns something else, ``(module, output, batch) ->
            {task: loss}``. The step's other entries stay in ``outputs``, and its own loss as ``step_loss``.
        prog_bar: What the progress bar shows, by the names that the loggers get, as ``("objective", "loss/depth")``.
        logged: What loggers get, as ``("loss", "weight")``: see ``Shown``, also for what they get without it.

    Raises:
        TypeError: If ``method`` is neither, ``losses`` no such function, or there are no task losses.
        ValueError: If an argument is wrong, other tasks come, or no finite weights are found.
        MisconfigurationException: If module and trainer do not fit, or not all ranks were given the same.

    Example:
        >>> from lightning_go4align import RobustGO4Align
        >>> callback = MultiTaskCallback(RobustGO4Align())  # for `Trainer(callbacks=...)`
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
        logged: Sequence[Family] | None = None,
    ) -> None:
        check_given(method, optimization)
        check_pick(losses)
        self.method, self.optimization = method, optimization
        self.owner: object | None = None  # The module that brings it; None if the user gave it to the trainer.
        self._losses, self.shown = losses, shown(prog_bar, logged)
        self._memory = Memory(method, () if tasks is None else check_names(tasks))
        self._fits, self._evaluates, self.num_steps = Continuation(), False, 0
        self._training: TrainingStep | None = None
        self._log: StepLog | None = None
        self._patches: AttributePatches | None = None

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, as declared or in the order of the first step; empty before it."""
        return self._memory.tasks.names

    @overridable_property
    def last_step(self) -> StepRecord | None:
        """What the last batch found about its tasks, on their device; None before the first."""
        return self._memory.driver.last_step

    @property
    def goes_on(self) -> bool:
        """Whether the last fit went on with the one before, or began anew."""
        return self._fits.has_gone_on

    def join(self, trainer: pl.Trainer, owner: object) -> None:
        """Enter a trainer's callbacks for a module that brings this one, in the place of an earlier module's."""
        self.owner = owner
        enter(trainer, self, owner)

    @override
    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self.owner not in (None, pl_module):
            leave(trainer, self)
            return
        self._evaluates = stage != "fit"
        if stage != "fit":
            return
        with Together("in the set-up of `MultiTaskCallback`", self._memory.given) as ranks:
            refuse_second(trainer, self, pl_module)
            self._fits.begin(trainer, pl_module, self._memory)
            check_parts(trainer, pl_module, self._memory)
            self._training = TrainingStep(trainer, pl_module, self._memory, self._losses, self.shown)
            self._patches = intercept(trainer, pl_module, self._memory, self._training, self.optimization)
            self._log = self._training.log
        refuse_different(ranks.all)

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        log_settings(trainer)

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.num_steps = trainer.global_step
        self._fits.tell()

    @override
    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        # Not in `on_train_epoch_start`, which Lightning leaves out after a resume from an epoch's last batch.
        if trainer.current_epoch != self._memory.epoch:
            self._memory.begin_epoch(trainer.current_epoch)
        if self._training is not None:
            self._training.begin_batch(batch_idx)

    @override
    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any) -> None:
        if trainer.gradient_clip_val and self._log is not None:
            self._log.clip.look(trainer, optimizer)

    @override
    def on_train_batch_end(self, *_: Any) -> None:
        self.num_steps = self.num_steps if self._training is None else self._training.end_batch(self.num_steps)

    def read_steps(self) -> HostNumbers | None:
        """Copy what waits on the device to the host, once for each step; None if there was none."""
        return None if self._log is None else self._log.read()

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._training is not None:
            self._training.log.end_epoch(trainer)

    @override
    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._training is not None and not trainer.sanity_checking:
            self._training.log.publish_means(trainer)

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._evaluates = False
        if self._patches is not None and self._fits.is_of(trainer):
            self._patches.undo()
            self._patches = self._training = None
            self._fits.end(trainer, pl_module)

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        point_out(trainer, exception)
        self.teardown(trainer, pl_module, "fit")

    def __getstate__(self) -> dict[str, Any]:
        """Leave the trainer out of a copy: averaged models are deep copies of the module with its callback."""
        return {**vars(self), "_training": None, "_log": None, "_patches": None, "_fits": Continuation()}

    @override
    def state_dict(self) -> dict[str, Any]:
        return self._memory.state_dict()

    @override
    def on_load_checkpoint(self, trainer: pl.Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
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
        self._fits.notice = None
