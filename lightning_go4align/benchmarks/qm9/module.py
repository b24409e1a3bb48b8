"""The QM9 benchmark as a LightningModule."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from torchmetrics import MeanAbsoluteError
from typing_extensions import override

from lightning_go4align.benchmarks.partial_labels import labelled_losses
from lightning_go4align.benchmarks.qm9.batches import DenseBatch
from lightning_go4align.benchmarks.qm9.data import QM9DataModule
from lightning_go4align.benchmarks.qm9.dense import DenseMPNN
from lightning_go4align.benchmarks.qm9.published import single_task_errors
from lightning_go4align.benchmarks.qm9.schedules import Plateau, Schedule
from lightning_go4align.benchmarks.qm9.targets import TARGETS
from lightning_go4align.benchmarks.scored_module import ScoredModule
from lightning_go4align.functional.arguments import non_negative
from lightning_go4align.metrics import DeltaM
from lightning_go4align.update.misconfiguration import MisconfigurationException


class QM9Module(ScoredModule):
    """Regress properties of molecules: one mean squared error a target, on normalised values.

    Logs, in validation and with ``test/`` in the test, ``val/<target>``, the mean absolute errors in published units;
    ``val/delta/<target>``, their changes against single-task networks in percent; and ``val/delta_m``, their mean.
    Predicts ``[B, targets]`` in published units, for ``QM9DataModule.predicted_rows``.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        network: Makes the network from its number of targets.
        targets: Names of the targets to learn; all 11 if not given, one for a single-task network.
        baseline: Errors of single-task networks, see :func:`~lightning_go4align.benchmarks.qm9.single_task_errors`.
        learning_rate: Highest learning rate of Adam.
        schedule: How the learning rate changes; as published if not given.
        optimization: See :class:`~lightning_go4align.MultiTaskModule`.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> module = QM9Module(GO4Align(num_groups=5), targets=["mu", "alpha"])
        >>> module.network.heads
        Linear(in_features=64, out_features=2, bias=True)
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        network: Callable[[int], nn.Module] = DenseMPNN,
        targets: Sequence[str] | None = None,
        baseline: str = "published.json",
        learning_rate: float = 1e-3,
        schedule: Schedule | None = None,
        optimization: Literal["manual", "automatic"] = "manual",
    ) -> None:
        super().__init__(method, optimization)
        names = [target.name for target in TARGETS]
        self.targets = names if targets is None else list(targets)
        self.columns = [_index(name, names) for name in self.targets]
        self.network = network(len(self.targets))
        self.learning_rate = non_negative("learning_rate", learning_rate)
        self.schedule = Plateau() if schedule is None else schedule
        self.partial_labels = False  # The data module says it when a fit begins.
        self.baseline = single_task_errors(baseline, self.targets)
        self.delta_m = DeltaM(self.baseline)
        self.val_scores = MeanAbsoluteError(num_outputs=len(self.targets))
        self.test_scores = MeanAbsoluteError(num_outputs=len(self.targets))
        self.register_buffer("mean", torch.zeros(len(self.targets)))
        self.register_buffer("std", torch.ones(len(self.targets)))

    @override
    def setup(self, stage: str) -> None:
        super().setup(stage)
        if self.trainer.precision in ("16-true", "bf16-true"):
            raise MisconfigurationException(
                "Energies of up to 115,000 meV overflow in float16 and lose 120 meV on average in bfloat16; "
                f"the precision is {self.trainer.precision}. Set `trainer.precision` to bf16-mixed."
            )
        if stage != "fit":
            return
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, QM9DataModule):
            raise MisconfigurationException(
                "QM9Module normalises its targets over the molecules of a QM9DataModule, but was given "
                f"{type(data).__name__}. Pass `datamodule=QM9DataModule(...)` to `Trainer.fit`."
            )
        self.partial_labels = not data.has_all_labels
        mean, std = data.normalisation
        self.mean.copy_(mean[self.columns])
        self.std.copy_(std[self.columns])

    @override
    def forward(self, batch: DenseBatch) -> Tensor:
        prediction: Tensor = self.network(batch) * self.std + self.mean
        return prediction

    @override
    def training_step(self, batch: DenseBatch, batch_idx: int) -> dict[str, Tensor | None]:
        y = (batch.y[:, self.columns] - self.mean) / self.std
        if self.partial_labels:
            return labelled_losses(self.targets, self.network(batch), y)
        losses = (self.network(batch) - y).square().mean(dim=0)
        return dict(zip(self.targets, losses.unbind(), strict=True))

    @override
    def scored(self, batch: DenseBatch) -> tuple[Tensor, Tensor]:
        return self(batch), batch.y[:, self.columns]

    @override
    def named_scores(self, scores: MeanAbsoluteError) -> dict[str, Tensor]:
        return dict(zip(self.targets, scores.compute().view(-1).unbind(), strict=True))

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.learning_rate)
        num_steps = self.trainer.estimated_stepping_batches
        schedules = self.schedule(optimizer, num_steps)
        return [optimizer], schedules  # type: ignore[return-value]  # Lightning takes dicts, but does not say so.

    @property
    def units(self) -> dict[str, str]:
        """Units of the errors, for a table of scores."""
        return {target.name: target.unit for target in TARGETS}

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """All parameters but the heads', for gradient-oriented methods."""
        named = self.network.named_parameters()
        return (parameter for name, parameter in named if not name.startswith("heads."))

    def task_heads(self) -> nn.Module:
        """The heads, for methods that want what they are given."""
        return self.network.get_submodule("heads")


def _index(name: str, names: list[str]) -> int:
    if name not in names:
        raise ValueError(f"`targets` may hold {names}, but holds {name!r}. Correct `model.targets`.")
    return names.index(name)
