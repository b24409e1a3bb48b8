"""How depth and normal errors are averaged over the test set: two objects with a name for the output."""

from typing import Protocol

from torchmetrics import Metric

from lightning_go4align.metrics.depth import BatchMeanDepthErrors, DepthErrors
from lightning_go4align.metrics.normals import BatchMeanNormalErrors, NormalErrors


class Evaluation(Protocol):
    """A rule of averaging; each call makes a new metric.

    Example:
        >>> rule: Evaluation = OverPixels()
        >>> rule.depth()
        DepthErrors()
    """

    name: str

    def depth(self) -> Metric: ...

    def normals(self) -> Metric: ...


class OverPixels:
    """Every measured pixel of the test set has the same weight: the errors' proper definition.

    Example:
        >>> OverPixels().name
        'over all pixels'
    """

    name = "over all pixels"

    def depth(self) -> Metric:
        return DepthErrors()

    def normals(self) -> Metric:
        return NormalErrors()


class MeanOfBatches:
    """Every batch has the same weight: how all printed tables were made, and what reproduces them.

    Example:
        >>> MeanOfBatches().name
        'mean of batch means, as published'
    """

    name = "mean of batch means, as published"

    def depth(self) -> Metric:
        return BatchMeanDepthErrors()

    def normals(self) -> Metric:
        return BatchMeanNormalErrors()
