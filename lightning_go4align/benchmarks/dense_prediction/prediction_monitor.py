"""Pictures of predictions during training: to every logger that takes pictures, and to disk."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from matplotlib.figure import Figure
from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.pictures import side_by_side
from lightning_go4align.functional.arguments import as_integer
from lightning_go4align.monitors.places import places
from lightning_go4align.monitors.showing import pixels


class PredictionMonitor(Callback):
    """Show what the network says about the first test images: image, truth and prediction side by side.

    The pictures are saved as ``<folder>/epoch_<n>.png`` and go to W&B, TensorBoard, MLflow and Comet. It costs one
    forward pass of these images each time.

    Args:
        num_images: Number of images, out of the first validation batch, at least 1.
        every_n_epochs: Epochs between pictures, at least 1; the last epoch is shown in any case.
        folder: Where to save them; ``predictions`` in the run's log folder if not given.

    Raises:
        TypeError: If a number is no integer.
        ValueError: If it is too small; leave the callback out to have no pictures.

    Example:
        >>> monitor = PredictionMonitor(num_images=2, every_n_epochs=50)
        >>> trainer = Trainer(callbacks=[monitor], logger=False, accelerator="cpu", devices=1)
    """

    def __init__(self, num_images: int = 4, every_n_epochs: int = 10, folder: str | None = None) -> None:
        self.num_images = as_integer("num_images", num_images, least=1)
        self.every_n_epochs = as_integer("every_n_epochs", every_n_epochs, least=1)
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
            for place in places(trainer.loggers):
                place.picture("predictions", pixels(figure), trainer.global_step)

    def _due(self, trainer: Trainer) -> bool:
        done = trainer.current_epoch + 1
        return not trainer.sanity_checking and (done % self.every_n_epochs == 0 or done == trainer.max_epochs)

    def _save(self, trainer: Trainer, figure: Figure) -> None:
        folder = Path(self.folder or Path(self._logs, "predictions"))
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"epoch_{trainer.current_epoch}.png", dpi=100)
