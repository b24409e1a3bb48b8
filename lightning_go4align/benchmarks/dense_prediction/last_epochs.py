"""What the tables report for data without a validation set: the mean over the last epochs."""

import math
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only
from lightning_utilities.core.rank_zero import rank_zero_warn
from rich import get_console
from typing_extensions import override

from lightning_go4align.benchmarks.changes import comparison, is_made_up
from lightning_go4align.benchmarks.dense_prediction.module import DensePredictionModule
from lightning_go4align.benchmarks.score_table import score_table
from lightning_go4align.functional.arguments import as_integer
from lightning_go4align.update.lightning_logs import log_row
from lightning_go4align.update.misconfiguration import MisconfigurationException


class LastEpochsMonitor(Callback):
    """Average the metrics of the last epochs, as NYUv2's and CityScapes' tables do: no epoch is selected.

    However seldom the Trainer validates before, it validates after each of the last epochs. At the end of
    training ``last_<epochs>_epochs/<metric>``, with ``delta_m`` and ``mean_rank`` among the methods of the
    paper's table, go to every logger, and a table of them is printed that names the evaluation. Training that stops
    early has fewer of these epochs, or none: ``last_<epochs>_epochs/num_epochs`` is how many there were. Made-up data
    has no rank, and is compared with a ``single_task`` of one's own only.

    Args:
        epochs: How many of the last epochs to average, at least 1; the Trainer must know ``max_epochs``.

    Example:
        >>> monitor = LastEpochsMonitor(epochs=10)
        >>> monitor.rows = {198: {"miou": 39.0}, 199: {"miou": 41.0}}
        >>> monitor.means()
        {'miou': 40.0}
    """

    def __init__(self, epochs: int = 10) -> None:
        self.epochs = as_integer("epochs", epochs, least=1)
        self.rows: dict[int, dict[str, float]] = {}
        self._every: int | None = None  # Epochs between validations, as the Trainer was told.

    def means(self) -> dict[str, float]:
        """Mean of each metric over the epochs seen so far that count."""
        names = next(iter(self.rows.values()), {})
        return {name: sum(row[name] for row in self.rows.values()) / len(self.rows) for name in names}

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not isinstance(pl_module, DensePredictionModule):
            raise MisconfigurationException(
                "`LastEpochsMonitor` reports on NYUv2Module and CityScapesModule, but the module is "
                f"{type(pl_module).__name__}. Remove it from `trainer.callbacks`."
            )
        if trainer.fast_dev_run:  # type: ignore[attr-defined]  # set by a connector
            return
        if trainer.max_epochs is None or trainer.max_epochs < self.epochs:
            raise MisconfigurationException(
                f"The mean over the last {self.epochs} epochs needs `trainer.max_epochs` of at least as many, but "
                f"it is {trainer.max_epochs}. Set it, or lower `epochs` of `LastEpochsMonitor`."
            )

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # A resumed run may be longer than the one that it goes on from; a new one goes on from none.
        first = self._first(trainer) if trainer.global_step else math.inf
        self.rows = {epoch: row for epoch, row in self.rows.items() if epoch >= first}
        self._every = trainer.check_val_every_n_epoch

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch >= self._first(trainer):
            trainer.check_val_every_n_epoch = 1

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        after_training = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if after_training and trainer.current_epoch >= self._first(trainer):
            self.rows[trainer.current_epoch] = {
                name.removeprefix("val/"): float(value)
                for name, value in trainer.callback_metrics.items()
                if name.startswith("val/")
            }

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not isinstance(pl_module, DensePredictionModule):
            return
        if not self.rows:
            self._warn(trainer)
            return
        means = self.means()
        if not is_made_up(trainer):
            means["mean_rank"] = pl_module.table.rank_among_methods(means)
        logged = {**means, "num_epochs": len(self.rows)}
        row = {f"last_{self.epochs}_epochs/{name}": value for name, value in logged.items()}
        log_row(trainer, row, max(trainer.global_step - 1, 0))
        self._print(means, pl_module)

    def _warn(self, trainer: Trainer) -> None:
        rank_zero_warn(
            f"There is no mean over the last {self.epochs} of {trainer.max_epochs} epochs, for none of them was "
            f"validated: training ended in epoch {trainer.fit_loop.epoch_progress.current.ready}, counted from 1. "
            "Leave out what ends it early, such as `max_steps`, `max_time` or `EarlyStopping`, and what turns "
            "validation off, or set `trainer.max_epochs` to the epochs that are trained."
        )

    @rank_zero_only
    def _print(self, means: dict[str, float], module: DensePredictionModule) -> None:
        title = f"Mean over {len(self.rows)} of the last {self.epochs} epochs; errors: {module.evaluation.name}"
        values = {name: torch.tensor(means[name]) for name in module.table.single_task}
        table = score_table(title, values, comparison(module))
        if "mean_rank" in means:
            table.caption = f"mean rank {means['mean_rank']:.2f} among {', '.join(module.table.rows)}"
        get_console().print(table)  # through which the progress bar prints

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage == "fit" and self._every is not None:
            trainer.check_val_every_n_epoch, self._every = self._every, None

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]

    def _first(self, trainer: Trainer) -> int:
        return (trainer.max_epochs or 0) - self.epochs
