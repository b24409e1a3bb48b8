"""The training protocol that NYUv2 and CityScapes share."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.functional import normalize
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.benchmarks.changes import single_task_score
from lightning_go4align.benchmarks.dense_prediction.data import Batch
from lightning_go4align.benchmarks.dense_prediction.evaluation import Evaluation, OverPixels
from lightning_go4align.benchmarks.dense_prediction.losses import depth_loss, normal_loss, segmentation_loss
from lightning_go4align.benchmarks.dense_prediction.mtan import SegNetMTAN
from lightning_go4align.benchmarks.dense_prediction.scores import DenseScores
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit
from lightning_go4align.benchmarks.published_table import PublishedTable
from lightning_go4align.benchmarks.scored_module import ScoredModule
from lightning_go4align.functional.arguments import as_integer, non_negative

LOSSES = {"segmentation": segmentation_loss, "depth": depth_loss, "normal": normal_loss}


class DensePredictionModule(ScoredModule):
    """Train a network with one output a task, by Adam whose learning rate halves every so many epochs.

    Logs, in validation and with ``test/`` in the test, ``val/<metric>`` for the metrics of the table;
    ``val/delta/<metric>``, their changes against single-task networks in percent; and ``val/delta_m``, their mean;
    made-up data is not compared with published numbers.
    Predicts by task, of the test images in their order: classes ``[B, H, W]``, int64; depth ``[B, 1, H, W]`` in the
    unit of the files, metres on NYUv2 and disparity on CityScapes; normals ``[B, 3, H, W]`` of length 1.

    A subclass names its ``outputs``, its ``table`` and the network of that table.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        network: A network with an output for each task; SegNet-MTAN if not given.
        evaluation: How errors are averaged over the test set: ``OverPixels``, if not given, or ``MeanOfBatches``.
        single_task: Metrics of single-task networks; the published ones, of SegNet-MTAN, if not given.
        learning_rate: Of Adam, at first.
        halve_every: Epochs after which the learning rate halves.
        optimization: See :class:`~lightning_go4align.MultiTaskModule`.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> from lightning_go4align.benchmarks.nyuv2.model import NYUv2MTAN
        >>> from lightning_go4align.benchmarks.nyuv2.module import NYUv2Module
        >>> isinstance(NYUv2Module(Sum(), NYUv2MTAN(channels=[4, 4, 4, 4, 4])), DensePredictionModule)
        True
    """

    outputs: ClassVar[Mapping[str, int]]
    table: ClassVar[PublishedTable]
    published_network: ClassVar[Callable[[], SegNetMTAN]]

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        network: SegNetMTAN | SegNetSplit | None = None,
        evaluation: Evaluation | None = None,
        single_task: Mapping[str, float] | None = None,
        learning_rate: float = 1e-4,
        halve_every: int = 100,
        optimization: Literal["manual", "automatic"] = "manual",
    ) -> None:
        super().__init__(method, optimization)
        self.network = network or type(self).published_network()
        self.evaluation = evaluation or OverPixels()
        self.learning_rate = non_negative("learning_rate", learning_rate)
        self.halve_every = as_integer("halve_every", halve_every, least=1)
        self.val_scores = DenseScores(self.outputs, self.evaluation)
        self.test_scores = DenseScores(self.outputs, self.evaluation)
        self.has_own_baseline = single_task is not None
        self.delta_m = single_task_score(single_task, self.table.single_task, self.table.higher_is_better)

    @override
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        predictions: dict[str, Tensor] = self.network(image)
        return predictions

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        return {task: LOSSES[task](output, batch[task]) for task, output in self(batch["image"]).items()}

    @override
    def scored(self, batch: Batch) -> tuple[dict[str, Tensor], Batch]:
        return self(batch["image"]), batch

    @override
    def named_scores(self, scores: DenseScores) -> dict[str, Tensor]:
        values = scores.compute()
        return {name: values[name] for name in self.table.single_task}

    @override
    def predict_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        predictions: dict[str, Tensor] = self(batch["image"])
        predictions["segmentation"] = predictions["segmentation"].argmax(1)
        if "normal" in predictions:
            predictions["normal"] = normalize(predictions["normal"])
        return predictions

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, self.halve_every, gamma=0.5)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """All parameters but the heads', for gradient-oriented methods."""
        return self.network.shared_parameters()

    def task_heads(self) -> nn.Module:
        """The heads, for methods that want what they are given; SegNet-MTAN's get one tensor each."""
        return self.network.heads
