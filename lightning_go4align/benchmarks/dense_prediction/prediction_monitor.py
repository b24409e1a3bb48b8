"""Pictures of predictions during training: to every logger that takes figures, and to disk."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from matplotlib.figure import Figure
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.pictures import side_by_side


class PredictionMonitor(Callback):
    """Show what the network says about the first test images: image, truth and prediction side by side.

    The pictures are saved as ``<folder>/epoch_<n>.png`` and go to every logger with ``log_image`` (W&B) or
    with ``experiment.add_figure`` (TensorBoard). It costs one forward pass of these images each time.

    Args:
        num_images: Number of images, out of the first validation batch.
        every_n_epochs: Epochs between pictures, at least 1; the last epoch is shown in any case.
        folder: Where to save them; ``predictions`` in the run's log folder if not given.

    Example:
        >>> monitor = PredictionMonitor(num_images=2, every_n_epochs=50)
        >>> trainer = Trainer(callbacks=[monitor], logger=False, accelerator="cpu", devices=1)
    """

    def __init__(self, num_images: int = 4, every_n_epochs: int = 10, folder: str | None = None) -> None:
        if num_images < 1 or every_n_epochs < 1:
            raise ValueError(
                "`num_images` and `every_n_epochs` must be at least 1, but are "
                f"{num_images} and {every_n_epochs}. Remove the callback to have no pictures."
            )
        self.num_images = num_images
        self.every_n_epochs = every_n_epochs
        self.folder = folder

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        # All ranks take part in `log_dir`, though only the first saves pictures.
        self._logs = trainer.log_dir or trainer.default_root_dir

    @override
    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: dict[str, Tensor],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if batch_idx == 0 and trainer.is_global_zero and self._due(trainer):
            shown = {name: maps[: self.num_images] for name, maps in batch.items()}
            with torch.no_grad(), trainer.precision_plugin.forward_context():
                figure = side_by_side(shown, pl_module(shown["image"]))
            self._save(trainer, figure)
            for logger in trainer.loggers:
                log_figure(logger, "predictions", figure, trainer.global_step)

    def _due(self, trainer: Trainer) -> bool:
        done = trainer.current_epoch + 1
        return not trainer.sanity_checking and (done % self.every_n_epochs == 0 or done == trainer.max_epochs)

    def _save(self, trainer: Trainer, figure: Figure) -> None:
        folder = Path(self.folder or Path(self._logs, "predictions"))
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"epoch_{trainer.current_epoch}.png", dpi=100)


def log_figure(logger: Logger, name: str, figure: Figure, step: int) -> None:
    """Hand a figure to a logger that takes figures; others get none.

    Args:
        logger: W&B's takes it through ``log_image``, TensorBoard's through ``experiment.add_figure``.
        name: Key of the picture.
        figure: The picture.
        step: Training step that it belongs to.

    Example:
        >>> import tempfile
        >>> from lightning.pytorch.loggers import CSVLogger
        >>> log_figure(CSVLogger(tempfile.mkdtemp()), "predictions", Figure(), step=1)
    """
    experiment = getattr(logger, "experiment", None)
    if hasattr(logger, "log_image"):
        logger.log_image(name, [figure], step=step)
    elif experiment is not None and hasattr(experiment, "add_figure"):
        experiment.add_figure(name, figure, step)
