"""The synthetic problem as a LightningModule."""

from collections.abc import Iterator

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.benchmarks.partial_labels import labelled_errors, labelled_losses
from lightning_go4align.benchmarks.synthetic.data import Part, SyntheticData
from lightning_go4align.functional.agreement import rand_indices
from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.relative import relative_changes
from lightning_go4align.module import MultiTaskModule
from lightning_go4align.update.misconfiguration import MisconfigurationException


class SyntheticModule(MultiTaskModule):
    """Regress the targets of :class:`SyntheticData`: one mean squared error a task, in the tasks' own scales.

    Logs ``delta/<task>``, ``delta_m`` and ``worst`` with ``val/`` or ``test/`` before: changes of the squared errors
    against the best predictor's, their mean and the largest, in percent. Methods that group also have
    ``train/agreement``, the Rand index of their last groups and the true ones. Predicts the targets of the test rows,
    ``[B, M]``, in their order and the tasks' own scales.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        width: Hidden width.
        learning_rate: Of Adam.

    Example:
        >>> from lightning_go4align import GO4Align
        >>> module = SyntheticModule(GO4Align(num_groups=3), width=8)
    """

    def __init__(self, method: Scalarizer | Aggregator, width: int = 32, learning_rate: float = 1e-2) -> None:
        super().__init__(method)
        self.width = as_integer("width", width, least=1)
        self.learning_rate = non_negative("learning_rate", learning_rate)
        self.trunk = nn.Sequential(nn.Linear(16, self.width), nn.Tanh())

    @override
    def configure_model(self) -> None:
        if not hasattr(self, "heads"):  # Their number is the data's.
            self.heads = nn.Linear(self.width, self.data.num_tasks)

    @property
    def data(self) -> SyntheticData:
        """The data module, which knows the answer."""
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, SyntheticData):
            raise MisconfigurationException(
                f"SyntheticModule needs a SyntheticData, but was given {type(data).__name__}. "
                "Pass `datamodule=SyntheticData(...)` to the trainer."
            )
        return data

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Predictions, shape ``[B, M]``."""
        prediction: Tensor = self.heads(self.trunk(x))
        return prediction

    def losses(self, batch: Part) -> Tensor:
        """Mean squared error of each task over the rows that have its label, shape ``[M]``; NaN where none has."""
        x, y = batch
        return labelled_errors(self(x), y)

    @override
    def training_step(self, batch: Part, batch_idx: int) -> dict[str, Tensor | None]:
        x, y = batch
        names = [f"task_{index}" for index in range(self.data.num_tasks)]
        if self.data.label_fraction < 1:
            return labelled_losses(names, self(x), y)
        return dict(zip(names, self.losses(batch).unbind(), strict=True))

    @override
    def on_train_epoch_end(self) -> None:
        record = self.last_step
        if record is not None and record.grouping is not None:
            rand, _ = rand_indices(record.grouping.assignment, self.data.groups.to(self.device))
            self.log("train/agreement", rand.float())

    @override
    def validation_step(self, batch: Part, batch_idx: int) -> None:
        self._log_changes("val", batch)

    @override
    def test_step(self, batch: Part, batch_idx: int) -> None:
        self._log_changes("test", batch)

    @override
    def predict_step(self, batch: Part, batch_idx: int) -> Tensor:
        prediction: Tensor = self(batch[0])
        return prediction

    def _log_changes(self, stage: str, batch: Part) -> None:
        best = self.data.best_errors.to(self.device)
        changes = relative_changes(self.losses(batch), best, torch.zeros_like(best, dtype=torch.bool))
        found = {f"delta/task_{index}": change for index, change in enumerate(changes.unbind())}
        found |= {"delta_m": changes.mean(), "worst": changes.max()}
        named = {f"{stage}/{name}": value for name, value in found.items()}
        self.log_dict(named, batch_size=len(batch[0]), sync_dist=True)

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """The trunk, for gradient-oriented methods."""
        return self.trunk.parameters()

    def task_heads(self) -> nn.Module:
        """The heads, for methods that want what they are given."""
        return self.heads
