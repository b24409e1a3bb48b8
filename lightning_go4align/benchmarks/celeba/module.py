"""The CelebA benchmark as a LightningModule."""

from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Optimizer
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.benchmarks.celeba.data import Batch
from lightning_go4align.benchmarks.celeba.model import CelebANetwork
from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES, HIGHER_IS_BETTER, SINGLE_TASK
from lightning_go4align.benchmarks.celeba.scores import AttributeScores
from lightning_go4align.benchmarks.changes import single_task_score
from lightning_go4align.benchmarks.scored_module import ScoredModule
from lightning_go4align.functional.arguments import non_negative


class CelebAModule(ScoredModule):
    """Recognise 40 attributes of faces (Table 2): one binary cross-entropy an attribute.

    Logs, in validation and with ``test/`` in the test, ``val/<attribute>``, the F1 scores at threshold 0.5 over the
    whole split, NaN where an output was; ``val/mean_f1``, their mean, which the epoch is selected by;
    ``val/delta/<attribute>``, their changes against single-task networks in percent; and ``val/delta_m``, their mean;
    made-up data is not compared with published numbers. Predicts ``[B, 40]``, the probability of each attribute, for
    the test images in their order.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        network: The network; the one of the paper if not given.
        single_task: F1 of single-task networks; the published ones if not given.
        learning_rate: Of Adam.
        optimization: See :class:`~lightning_go4align.MultiTaskModule`.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> module = CelebAModule(GO4Align(num_groups=2), CelebANetwork(channels=[4, 4, 4, 4]))
        >>> module(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 40])
    """

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        network: CelebANetwork | None = None,
        single_task: Mapping[str, float] | None = None,
        learning_rate: float = 3e-4,
        optimization: Literal["manual", "automatic"] = "manual",
    ) -> None:
        super().__init__(method, optimization)
        self.network = network or CelebANetwork()
        self.learning_rate = non_negative("learning_rate", learning_rate)
        self.val_scores = AttributeScores(len(ATTRIBUTES))
        self.test_scores = AttributeScores(len(ATTRIBUTES))
        self.has_own_baseline = single_task is not None
        self.delta_m = single_task_score(single_task, SINGLE_TASK, HIGHER_IS_BETTER)

    @override
    def forward(self, image: Tensor) -> Tensor:
        # Lightning converts a batch before it is on the device, when these images are bytes still.
        logits: Tensor = self.network(image.to(self.dtype))
        return logits

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch["image"])
        targets = batch["attributes"].to(logits.dtype)
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(0)
        return dict(zip(ATTRIBUTES, losses.unbind(), strict=True))

    @override
    def scored(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self(batch["image"]), batch["attributes"]

    @override
    def named_scores(self, scores: AttributeScores) -> dict[str, Tensor]:
        f1: Tensor = scores.compute()
        return dict(zip(ATTRIBUTES, f1.unbind(), strict=True))

    @override
    def log_scores(self, stage: str, scores: dict[str, Tensor]) -> None:
        super().log_scores(stage, scores)
        self.log(f"{stage}/mean_f1", torch.stack(list(scores.values())).mean(), prog_bar=True, sync_dist=True)

    @override
    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        logits: Tensor = self(batch["image"])
        return logits.sigmoid()

    @override
    def configure_optimizers(self) -> Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        """All parameters but the heads', for gradient-oriented methods."""
        return self.network.shared_parameters()

    def task_heads(self) -> nn.Module:
        """The heads, for methods that want what they are given."""
        return self.network.heads
