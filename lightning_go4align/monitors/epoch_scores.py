"""What the validation of an epoch adds to the record of a run."""

import math
from collections.abc import Sequence

from lightning.pytorch import Trainer
from torch import nn

from lightning_go4align.metrics import DeltaM
from lightning_go4align.monitors.delta_m import epochs_of_convergence
from lightning_go4align.monitors.epochs import epochs_so_far
from lightning_go4align.monitors.recorder import Recorder, names_of_changes
from lightning_go4align.update.lightning_logs import log_row, step_on_axis


def log_epoch_scores(trainer: Trainer, recorder: Recorder) -> None:
    """Record the metrics of an epoch, and log ``val/convergence_difference`` where no `DeltaMMonitor` does.

    A relative change does not say which way its metric goes: that is told by the `DeltaM` of the module's own.

    Args:
        trainer: The trainer, after a validation that gave ``val/delta_m``.
        recorder: The record of the run.
    """
    convergence = epochs_of_convergence(trainer)
    values = {name: value.item() for name, value in trainer.callback_metrics.items()}
    score = _score_of(trainer.lightning_module, names_of_changes(values))
    difference = recorder.score(epochs_so_far(trainer), values, convergence, score)
    if convergence is None and math.isfinite(difference):
        row = {"val/convergence_difference": difference, "epoch": trainer.current_epoch}
        log_row(trainer, row, step_on_axis(trainer))


def _score_of(module: nn.Module, names: Sequence[str]) -> DeltaM | None:
    """The module's score that knows metrics of these names; None if it has none."""
    scores = (part for part in module.modules() if isinstance(part, DeltaM))
    return next((score for score in scores if set(names) <= set(score.names)), None)
