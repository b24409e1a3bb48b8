"""Errors of surface normals on NYUv2 (Table 1): over all pixels, and as they were published."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize
from torchmetrics import Metric
from typing_extensions import override

from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.functional.precision import widest
from lightning_go4align.metrics.precision import PreciseMetric

THRESHOLDS = (11.25, 22.5, 30.0)
KEYS = ("normal_mean", "normal_median", "within_11.25", "within_22.5", "within_30")
BINS_PER_DEGREE = 1000
ROUNDING = 1e-6  # of the length of a unit vector in float32; an angle of a tenth of a degree at most, near 0


class NormalErrors(PreciseMetric):
    """Angle between predicted and true normals over all measured pixels of the test set.

    ``compute`` returns the mean and the median in degrees and the share of pixels, in percent, whose angle
    lies below 11.25, 22.5 and 30 degrees. The median is read from a histogram with bins of a thousandth of a
    degree: it is off by half a bin at most, and the state does not grow with the test set (72 million angles
    on NYUv2). Normals may have any length; a zero vector was not measured. NaN before the first pixel and after a
    prediction that is NaN.

    Args:
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> errors = NormalErrors()
        >>> target = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]).view(2, 3, 1, 1)
        >>> errors.update(torch.tensor([[0.0, 0.0, 2.0], [0.0, 3.0, 0.0]]).view(2, 3, 1, 1), target)
        >>> [round(errors.compute()[key].item(), 2) for key in ("normal_mean", "normal_median", "within_30")]
        [45.0, 45.0, 50.0]
    """

    higher_is_better = None  # of the angles it is false, of the shares true
    is_differentiable = False
    full_state_update = False
    plot = Metric._plot
    total: Tensor
    within: Tensor
    histogram: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("within", torch.zeros(len(THRESHOLDS), dtype=torch.int64), dist_reduce_fx="sum")
        histogram = torch.zeros(180 * BINS_PER_DEGREE + 1, dtype=torch.int64)
        self.add_state("histogram", histogram, dist_reduce_fx="sum")

    @override
    def update(self, prediction: Tensor, target: Tensor) -> None:
        angles = measured_angles(prediction, target).detach()
        self.total += angles.sum(dtype=self.total.dtype)
        self.within += _counts_within(angles)
        bins = (angles.nan_to_num() * BINS_PER_DEGREE).long()
        self.histogram += torch.bincount(bins, minlength=self.histogram.numel())

    @override
    def compute(self) -> dict[str, Tensor]:
        total, within = self.total.to(widest(self.device)), self.within.to(widest(self.device))
        pixels = self.histogram.sum()
        cumulative = self.histogram.cumsum(0)
        # The two middle angles of an even number differ; their mean is the median, as numpy defines it.
        middle = torch.stack([(pixels + 1) // 2, pixels // 2 + 1])
        bins = torch.searchsorted(cumulative, middle).to(total.dtype).mean()
        median = torch.where(pixels > 0, (bins + 0.5) / BINS_PER_DEGREE, torch.nan)
        figures = torch.stack([total / pixels, median, *(100 * within / pixels)])
        return dict(zip(KEYS, figures.masked_fill(total.isnan(), torch.nan), strict=True))


class BatchMeanNormalErrors(PreciseMetric):
    """Errors of normals as they were published: the mean over batches of each batch's own errors.

    The printed "median" is a mean of batch medians, and every batch has the same weight. Everything else is
    as in :class:`NormalErrors`. A batch without any measured pixel is left out.

    Args:
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> errors = BatchMeanNormalErrors()
        >>> up, right = torch.tensor([[0.0], [0.0], [1.0]]), torch.tensor([[1.0], [0.0], [0.0]])
        >>> errors.update(up.expand(1, 3, 3), up.expand(1, 3, 3))
        >>> errors.update(right.expand(1, 3, 1), up.expand(1, 3, 1))
        >>> errors.compute()["normal_median"]  # over all four pixels it is 0
        tensor(45., dtype=torch.float64)
    """

    higher_is_better = None  # of the angles it is false, of the shares true
    is_differentiable = False
    full_state_update = False
    plot = Metric._plot
    totals: Tensor
    batches: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("totals", torch.zeros(len(KEYS), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("batches", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, prediction: Tensor, target: Tensor) -> None:
        angles = measured_angles(prediction, target).detach().sort().values.to(widest(self.totals.device))
        if angles.numel():
            median = (angles[(angles.numel() - 1) // 2] + angles[angles.numel() // 2]) / 2
            shares = 100 * _counts_within(angles).to(angles.dtype) / angles.numel()
            figures = torch.cat([torch.stack([angles.mean(), median]), shares])
            self.totals += figures.masked_fill(angles[-1].isnan(), torch.nan)  # NaN is sorted last.
            self.batches += 1

    @override
    def compute(self) -> dict[str, Tensor]:
        return dict(zip(KEYS, self.totals / self.batches, strict=True))


def _counts_within(angles: Tensor) -> Tensor:
    return torch.stack([(angles < threshold).sum() for threshold in THRESHOLDS])


def measured_angles(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the angles between predicted and true normals where the truth is known.

    The published code takes a pixel for measured where the components of its normal do not *sum* to zero;
    here it is where any component is not zero, so that a normal such as (1, -1, 0) / sqrt 2 is not lost. It also
    takes the true normals as they are; here they are brought to length 1 if they are off by more than rounding in
    float32, so that targets which are unit vectors, as the published ones, give the published angles to the bit.

    Args:
        prediction: Predicted normals of any length, shape ``[B, 3, ...]``.
        target: True normals of any length, the same shape; zero vectors where unknown.

    Returns:
        Angles in degrees, shape ``[N]``, one for each measured pixel.

    Example:
        >>> measured_angles(torch.tensor([[2.0, 2.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]]))
        tensor([45.])
    """
    check_tensors(prediction=prediction, target=target)
    if prediction.shape != target.shape or target.dim() < 2 or target.shape[1] != 3:
        raise ValueError(
            f"Normals are compared as [B, 3, ...] maps of one shape, but the prediction is "
            f"{tuple(prediction.shape)} and the target {tuple(target.shape)}."
        )
    dtype = torch.promote_types(target.dtype, torch.float32)
    cosine = (normalize(prediction.to(dtype), dim=1) * _of_unit_length(target.to(dtype))).sum(1).clamp(-1, 1)
    return torch.rad2deg(cosine.acos())[(target != 0).any(1)]


def _of_unit_length(target: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(target, dim=1, keepdim=True)
    divisor = torch.where((length - 1).abs() < ROUNDING, 1, length)
    return target / divisor.clamp(min=torch.finfo(target.dtype).tiny)
