"""All test metrics of NYUv2 and CityScapes, in the order and the units of the paper's tables."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.functional.classification import multiclass_confusion_matrix
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.evaluation import Evaluation
from lightning_go4align.benchmarks.dense_prediction.losses import IGNORED
from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.metrics.precision import PreciseMetric


class SegmentationScores(PreciseMetric):
    """Mean IoU over the classes and pixel accuracy, in percent, from counts over the whole test set.

    A class that is neither there nor predicted is left out of the mean. NaN before the first labelled
    pixel, and where a logit was NaN.

    Args:
        num_classes: Number of classes; pixels with label -1 do not count.
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> scores = SegmentationScores(num_classes=2)
        >>> scores.update(torch.tensor([[[[2.0, 0.0, 0.0]], [[0.0, 1.0, 1.0]]]]), torch.tensor([[[0, 0, -1]]]))
        >>> scores.compute()
        {'miou': tensor(25.), 'pixel_accuracy': tensor(50.)}
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False
    plot = Metric._plot
    confusion: Tensor
    unknown: Tensor

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("confusion", torch.zeros(num_classes, num_classes, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("unknown", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, prediction: Tensor, target: Tensor) -> None:
        check_tensors(prediction=prediction, target=target)
        shape, classes = prediction.shape, len(self.confusion)
        if prediction.dim() < 2 or shape[1] != classes or shape[:1] + shape[2:] != target.shape:
            raise ValueError(
                f"Logits [B, {classes}, ...] are compared with labels [B, ...], but their shapes are {tuple(shape)} "
                f"and {tuple(target.shape)}. Bring the logits to the labels' resolution first."
            )
        # `validate_args` would look at the labels on the host, batch by batch.
        self.confusion += multiclass_confusion_matrix(
            prediction.argmax(1), target, classes, ignore_index=IGNORED, validate_args=False
        )

        self.unknown += prediction.isnan().any(1).sum()  # of which `argmax` makes the first class

    @override
    def compute(self) -> dict[str, Tensor]:
        hits = self.confusion.diag()
        unions = self.confusion.sum(0) + self.confusion.sum(1) - hits
        miou = (hits / unions.float()).nanmean()  # 0 / 0 where a class is neither there nor predicted
        found = {"miou": 100 * miou, "pixel_accuracy": 100 * hits.sum() / self.confusion.sum().float()}
        return {name: score.masked_fill(self.unknown > 0, torch.nan) for name, score in found.items()}


class DenseScores(nn.Module):
    """The metrics of every task: segmentation's, depth's and, where there are any, the normals'.

    Args:
        outputs: Number of output channels of each task.
        evaluation: How depth and normal errors are averaged.

    Example:
        >>> from lightning_go4align.benchmarks.dense_prediction.evaluation import OverPixels
        >>> list(DenseScores({"segmentation": 7, "depth": 1}, OverPixels()).metrics.keys())
        ['depth', 'segmentation']
    """

    def __init__(self, outputs: Mapping[str, int], evaluation: Evaluation) -> None:
        super().__init__()
        metrics = {
            "segmentation": SegmentationScores(outputs["segmentation"]),
            "depth": evaluation.depth(),
            "normal": evaluation.normals(),
        }
        self.metrics = MetricCollection({task: metrics[task] for task in outputs}, compute_groups=False)

    def update(self, predictions: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> None:
        for task, metric in self.metrics.items():
            metric.update(predictions[task], truth[task])

    def compute(self) -> dict[str, Tensor]:
        values: dict[str, Tensor] = self.metrics.compute()
        return values

    def reset(self) -> None:
        self.metrics.reset()
