"""What the benchmarks' modules share: scores over a whole split, and their changes against single-task networks."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor
from typing_extensions import override

from lightning_go4align.benchmarks.changes import add_relative_changes, comparison
from lightning_go4align.module import MultiTaskModule


class ScoredModule(MultiTaskModule, ABC):
    """Update a metric in each step of validation and test, and log what it computes at the end.

    A subclass makes ``val_scores`` and ``test_scores`` and says what they are updated with, in ``scored``, and how
    their scores are called, in ``named_scores``.

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.

    Example:
        >>> from lightning_go4align.benchmarks.qm9 import QM9Module
        >>> issubclass(QM9Module, ScoredModule)
        True
    """

    val_scores: Any  # a metric of torchmetrics, or what has its three methods
    test_scores: Any

    @abstractmethod
    def scored(self, batch: Any) -> tuple[Any, Any]:
        """Predictions for a batch and what they are compared with, as the metric takes them."""

    @abstractmethod
    def named_scores(self, scores: Any) -> dict[str, Tensor]:
        """What a metric computes, by the names of the published table."""

    # Emptied before, not after: what is made in `trainer.test`'s inference mode cannot be updated in a later fit.
    @override
    def on_validation_epoch_start(self) -> None:
        self.val_scores.reset()

    @override
    def on_test_epoch_start(self) -> None:
        self.test_scores.reset()

    @override
    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.val_scores.update(*self.scored(batch))

    @override
    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.test_scores.update(*self.scored(batch))

    @override
    def on_validation_epoch_end(self) -> None:
        self.log_scores("val", self.named_scores(self.val_scores))

    @override
    def on_test_epoch_end(self) -> None:
        self.log_scores("test", self.named_scores(self.test_scores))

    def log_scores(self, stage: str, scores: dict[str, Tensor]) -> None:
        """Log scores, their changes and the mean of these."""
        if (score := comparison(self)) is not None:
            scores = add_relative_changes(scores, score)
        for name, value in scores.items():
            self.log(f"{stage}/{name}", value.float(), prog_bar=name == "delta_m", sync_dist=True)
