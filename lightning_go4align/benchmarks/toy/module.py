"""The two-objective problem as a LightningModule."""

from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.benchmarks.toy.objectives import STARTS, distance_to_front, objectives
from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.module import MultiTaskModule
from lightning_go4align.update.lightning_logs import log_row

STEPS_OF_AN_EPOCH = 1000
FAR = 1.0  # Stuck points are more than 8 away; those that arrive, or nearly, less than 1.


class ToyModule(MultiTaskModule):
    """Move one point from a start to the Pareto front of :func:`objectives`.

    The losses are the objectives less their lower bounds, as FAMO takes them, so that methods for positive losses
    apply. Logs the trajectory, ``position/x`` and ``position/y``, at the trainer's interval; ``val/distance``, from
    the front; and ``test/distance``, ``test/failed`` (1 if the point is not there) and the objectives.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        start: Which of the five starts, from 0.
        scale: Factor of the first objective.
        learning_rate: Of Adam.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> ToyModule(GO4Align(num_groups=2), start=1).position
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
    """

    def __init__(
        self, method: Scalarizer | Aggregator, start: int = 0, scale: float = 0.1, learning_rate: float = 1e-3
    ) -> None:
        super().__init__(method)
        start = as_integer("start", start)
        if not 0 <= start < len(STARTS):
            raise ValueError(f"`start` must lie in [0, {len(STARTS) - 1}], but is {start}.")
        self.position = nn.Parameter(torch.tensor(STARTS[start]))
        self.scale = non_negative("scale", scale)
        self.learning_rate = non_negative("learning_rate", learning_rate)

    @override
    def training_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        first, second = objectives(self.position, self.scale).unbind()
        return {"first": first + 21 * self.scale, "second": second + 21}

    @override
    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        interval: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # set by a connector
        if self.logger is not None and interval and self.global_step % interval == 0:
            x, y = self.position.tolist()
            log_row(self.trainer, {"position/x": x, "position/y": y}, self.global_step)

    @override
    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/distance", distance_to_front(self.position))

    @override
    def test_step(self, batch: Tensor, batch_idx: int) -> None:
        distance, values = distance_to_front(self.position), objectives(self.position, self.scale)
        self.log_dict({"test/distance": distance, "test/failed": (distance > FAR).float()})
        self.log_dict({"test/first": values[0], "test/second": values[1]})

    @override
    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.zeros(STEPS_OF_AN_EPOCH))  # type: ignore[arg-type]  # a tensor is a dataset, too

    @override
    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.zeros(1))  # type: ignore[arg-type]  # as above

    @override
    def test_dataloader(self) -> DataLoader[Any]:
        return self.val_dataloader()

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """The point, for gradient-oriented methods."""
        return self.parameters()
