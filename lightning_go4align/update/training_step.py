"""The training step of one fit: the user's losses in, the objective out."""

from collections.abc import Callable
from functools import partial
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.utilities import exceptions
from torch import Tensor

from lightning_go4align.functional.precision import without_autocast
from lightning_go4align.functional.ranks import is_distributed
from lightning_go4align.methods.observation import observe, observes
from lightning_go4align.update.families import Shown
from lightning_go4align.update.first_tasks import first_output, raise_anew
from lightning_go4align.update.head_input import HeadInput, Step
from lightning_go4align.update.lr_search import SearchedObjective
from lightning_go4align.update.membership import watchers_of
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.monitored import Monitored
from lightning_go4align.update.optimizers import PerformedSteps
from lightning_go4align.update.parts import refuse_manual
from lightning_go4align.update.picked import Pick, read_output
from lightning_go4align.update.post_step import losses_again
from lightning_go4align.update.reach import Reach
from lightning_go4align.update.readout import Readout
from lightning_go4align.update.side_effects import changed_since, versions
from lightning_go4align.update.step_log import StepLog
from lightning_go4align.update.task_losses import (
    StepOutput,
    average_over_ranks,
    stack_losses,
    touch_all_parameters,
)


class TrainingStep:
    """Take the losses of a module's own ``training_step`` and give Lightning the objective of a method.

    Args:
        trainer: The trainer, in its ``setup``.
        module: The module to train.
        memory: What is remembered of the method and its tasks.
        pick: Picks the task losses out of what the step returns; None if it returns them.
        shown: What of a step is shown where.

    Attributes:
        log: What hands on the numbers of steps.
        performed: Whether an optimizer has stepped in this batch.
    """

    def __init__(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        memory: Memory,
        pick: Pick | None,
        shown: Shown = Shown(),  # noqa: B008  # a tuple
    ) -> None:
        watchers = watchers_of(trainer)
        self._readout = Readout(bool(watchers), memory.first_losses)
        self.log = StepLog(memory.method, self._readout, watchers, shown)
        self.performed = PerformedSteps()
        self._trainer, self._module, self._memory, self._pick = trainer, module, memory, pick
        self._head_input = HeadInput(module, memory.method)
        self._user_step: Step = module.training_step
        self._own, self._reach = dict[str, Any](), Reach()
        self._second_look: Callable[[], Tensor | None] | None = None  # At the losses of the batch, after the step.
        self._epoch: int | None = None
        self._monitored, self._observed, self._has_begun = Monitored(trainer), observes(memory.method), False
        self._seen, self._in_batch = SearchedObjective(trainer), False
        memory.attach(module)

    def begin_batch(self, batch_idx: int) -> None:
        """Get ready for a batch.

        Args:
            batch_idx: Its number in the epoch.
        """
        if self._trainer.current_epoch != self._epoch:
            self._monitored.begin_epoch(self._readout.means())
            self._epoch = self._trainer.current_epoch
            self.log.begin_epoch(self._trainer.global_step)
        self._memory.driver.begin_batch(batch_idx % self._trainer.accumulate_grad_batches == 0)
        self.performed.watch(self._trainer.optimizers)
        self._in_batch = True

    def around(self, call: Step) -> Step:
        """As ``lending``, in fewer calls: the attribute is the user's but for one call that ``call`` makes of it."""

        def training_step(*args: Any, **kwargs: Any) -> Any:
            attributes, self._user_step = vars(self._module), self._module.training_step
            self._own = {"training_step": attributes["training_step"]} if "training_step" in attributes else {}
            attributes["training_step"] = self
            try:
                return call(*args, **kwargs)
            finally:
                if attributes.get("training_step") is self:
                    del attributes["training_step"]
                    attributes.update(self._own)

        return training_step

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        attributes = vars(self._module)
        del attributes["training_step"]
        attributes.update(self._own)
        if not self._module.automatic_optimization:
            refuse_manual(self._module)
        if self._observed:
            self._user_step = self._head_input.seen_by(self._user_step)
        before = versions(self._module) if self._memory.driver.needs_post_step_losses else None
        output = self._read(*args, **kwargs)
        if before is not None:
            read, moving = partial(self._output, *args, **kwargs), changed_since(before)
            self._second_look = partial(losses_again, read, self._trainer, self._module, self._memory.tasks, moving)
        weighed = self._weigh(output)
        return None if weighed is None else {**output.extras, **weighed}

    def _read(self, *args: Any, **kwargs: Any) -> StepOutput:
        """Read the losses of a batch; in the first steps, until tasks are known, all ranks do so or none."""
        memory = self._memory
        if self._has_begun and memory.random.seed is not None:  # As a loaded checkpoint may have it.
            return self._checked_output(*args, **kwargs)
        output = first_output(partial(self._checked_output, *args, **kwargs), memory)
        self._has_begun = bool(memory.tasks.names)
        return output

    def _checked_output(self, *args: Any, **kwargs: Any) -> StepOutput:
        output, optimizers = self._output(*args, **kwargs), self._trainer.optimizers
        if len(optimizers) > 1:
            self._reach.check(output.present, optimizers)
        self._memory.tasks.select(output, self._module)
        return output

    def _output(self, *args: Any, **kwargs: Any) -> StepOutput:
        returned = self._user_step(*args, **kwargs)
        if self._pick is None:
            return StepOutput(returned)
        return read_output(self._pick, self._module, returned, next(iter([*args, *kwargs.values()]), None))

    def _weigh(self, output: StepOutput) -> dict[str, Any] | None:
        """Weigh the losses, for what Lightning is given; None if no task is present on any rank."""
        memory, device, tasks = self._memory, self._module.device, self._memory.tasks.names
        if not tasks or not (output.present or is_distributed()):
            return None
        if device != memory.device:
            memory.begin_training(device, self._trainer.optimizers)
        losses = stack_losses(tasks, output, device)
        reported = losses if len(output.present) == len(tasks) else stack_losses(tasks, output, device, gap=0.0)
        losses = losses if output.present else touch_all_parameters(losses, self._module)
        losses, reported = average_over_ranks(losses, reported.detach())
        if not self._in_batch:  # No hook of the callback has been called: the trainer may search a learning rate.
            memory.driver.begin_batch(first=True)
        if self._observed:
            observe(memory.method, losses.detach(), self._head_input.take(output, losses))
        try:
            with without_autocast(device):
                objective = memory.driver.step(losses, reported, output, 1 / self._trainer.accumulate_grad_batches)
        except (ValueError, exceptions.MisconfigurationException) as error:
            raise_anew(error, memory, losses.detach())
            raise
        if not self._in_batch:
            objective = self._seen(objective, losses)
        return {"loss": objective, "task_losses": dict(zip(tasks, losses.detach().unbind(), strict=True))}

    def end_batch(self, steps_before: int) -> int:
        """Let the method follow the optimizer's step, if one was made, hand the record on, and let go of the batch.

        Args:
            steps_before: Number of optimizer steps before the batch.

        Returns:
            Number of optimizer steps so far.
        """
        driver, look, steps = self._memory.driver, self._second_look, self._trainer.global_step
        self._second_look, self._in_batch, record = None, False, driver.last_step
        if record is not None:
            self._readout.note(steps_before, record)
        if steps == steps_before:
            return steps
        if self.performed.any:
            driver.update_after_step(None if look is None else look())
        if record is not None:
            self._hand_on(steps, self._readout.keep(steps, record))
        return steps

    def _hand_on(self, steps: int, is_new: bool) -> None:
        interval: int = self._trainer.log_every_n_steps  # type: ignore[attr-defined]  # set by a connector
        is_logged = bool(interval) and steps % interval == 0
        # The last batch's are there before any callback's `on_train_epoch_end`, wherever it is listed.
        if is_logged or self._trainer.is_last_batch or any(steps % number == 0 for number in self._monitored.every):
            self.log.publish_means(self._trainer)
        if is_logged and is_new:
            self.log.hand_on(self._trainer)
        elif self._readout.is_due():
            self.log.check()
        elif self._readout.is_full:
            self.log.read()
