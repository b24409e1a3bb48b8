"""What the validation of an epoch adds to the record of a run."""

import math

from lightning.pytorch import Trainer

from lightning_go4align.monitors.delta_m import epochs_of_convergence, epochs_so_far
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.update.lightning_logs import log_row, step_on_axis


def log_epoch_scores(trainer: Trainer, recorder: Recorder) -> None:
    """Record the metrics of an epoch, and log ``val/convergence_difference`` where no `DeltaMMonitor` does.

    Args:
        trainer: The trainer, after a validation that gave ``val/delta_m``.
        recorder: The record of the run.
    """
    convergence = epochs_of_convergence(trainer)
    values = {name: value.item() for name, value in trainer.callback_metrics.items()}
    difference = recorder.score(epochs_so_far(trainer), values, convergence)
    if convergence is None and math.isfinite(difference):
        row = {"val/convergence_difference": difference, "epoch": trainer.current_epoch}
        log_row(trainer, row, step_on_axis(trainer))
